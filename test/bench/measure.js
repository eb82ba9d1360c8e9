// What the rows of the bench share: rounds of ours and theirs by turns, so that a neighbour who wakes up disturbs both.

import { spawnSync } from 'node:child_process'

export const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
export const shareOf = (values, share) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? Number.NaN

/** Seconds that a command takes; undefined when it is not here or refuses. `shell`: a line for sh. */
export function secondsOf(command, { shell = false, ...options } = {}) {
  const begun = performance.now()
  const [file, ...args] = shell ? ['sh', '-c', command] : command
  const { status } = spawnSync(file, args, { stdio: 'ignore', ...options })
  return status === 0 ? (performance.now() - begun) / 1000 : undefined
}

/** Calls both by turns; what gives undefined once is left out from then on. */
export async function byTurns(rounds, ours, theirs) {
  const told = { ours: [], theirs: [] }
  let isHere = true
  for (let i = 0; i < rounds; i++) {
    told.ours.push(await ours(i))
    if (!isHere) continue
    const one = await theirs(i)
    if (one === undefined) isHere = false
    else told.theirs.push(one)
  }
  return told
}

/** A row goes to stdout as JSON: bench.js makes the table. */
export function tell(row) {
  process.stdout.write(`${JSON.stringify(row)}\n`)
}

export const fields =
  '*%evt.num\\t%evt.rawtime\\t%evt.cpu\\t%thread.tid\\t%proc.pid\\t%proc.name\\t%evt.dir\\t%evt.type\\t%evt.latency\\t%fd.name\\t%evt.res\\t%evt.rawres\\t%evt.args'
