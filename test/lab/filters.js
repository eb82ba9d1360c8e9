// What is left of sysdig's events when it is asked for less (src/session/back-off.ts): each filter live, by the real sysdig of
// the guest and its kernel module, beside keepalived and processes that are none of ours.

import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sysdigSpec } from '../../dist/capture/sysdig.js'

const life = new Set(['clone', 'fork', 'vfork', 'execve', 'procexit'])

const run = (file, args, input) =>
  new Promise((done, fail) => {
    const child = execFile(file, args, { encoding: 'buffer', maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) =>
      error === null ? done(stdout) : fail(new Error(`${file}: ${String(stderr)}`)),
    )
    child.stdin.end(input)
  })

/** As a shell takes it for one word. */
const quoted = (word) => `'${word.replaceAll("'", String.raw`'\''`)}'`

/** Events of the file by whose they are and what: read by sysdig itself. */
async function countsOf(path) {
  const counts = { senders: 0, calls: 0, switches: 0, lives: 0 }
  for (const line of String(await run('sysdig', ['-r', path, '-p', '%evt.type %proc.name'])).split('\n')) {
    const [, type = '', name = ''] = /^(\S+) (.*)$/.exec(line) ?? []
    if (type === '') continue
    if (name.startsWith('keepalived')) counts.senders++
    else if (type === 'switch') counts.switches++
    else if (life.has(type)) counts.lives++
    else counts.calls++
  }
  return counts
}

/** What each step must still tell of others, and what not; the senders' events always. */
const steps = [
  { step: 'all', tells: ['calls', 'switches', 'lives'] },
  { step: 'step 1', tells: ['switches', 'lives'] },
  { step: 'step 2', tells: ['lives'] },
]

/** [step, is it as it says, counts] of each. */
export async function playFilters(pair, folder) {
  const spec = sysdigSpec({
    path: '/usr/sbin/sysdig',
    version: '0.29.3',
    driver: 'module',
    // Who reads it is nobody there: what the filter leaves out of us, others do not have.
    ownPid: 999_999,
    heartbeatTid: undefined,
  })
  const all = [spec.argv, ...spec.narrowings.map(({ argv }) => argv)]
  const told = []
  for (const [i, { step, tells }] of steps.entries()) {
    const argv = all[i].map(quoted).join(' ')
    await pair.inGuest(
      `${argv} >/run/filter.scap 2>/run/filter.err & recorder=$!; sleep 3
      for i in 1 2 3 4 5 6 7 8 9 10; do cat /etc/passwd >/dev/null; sleep 0.3; done
      kill -INT $recorder; wait $recorder; [ -s /run/filter.scap ] || cat /run/filter.err`,
      120_000,
    )
    const path = join(folder, `filter-${i}.scap`)
    writeFileSync(path, await run(pair.wayIn, ['cat /run/filter.scap']))
    const counts = await countsOf(path)
    const isRight =
      counts.senders > 0 && ['calls', 'switches', 'lives'].every((kind) => counts[kind] > 0 === tells.includes(kind))
    told.push({ step, counts, isRight })
  }
  return told
}
