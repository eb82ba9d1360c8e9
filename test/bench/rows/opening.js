// Opening a bundle of ten million events: until the replay's first frame, until all of it is read, and, the second time, until all
// late adverts are there by the index that the first left. A bundle is made from the capture's own files; the screen runs in tmux,
// as its user would have it. Against `sysdig -q` of the same scap, unpacked.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { secondsOf, tell } from '../measure.js'
import { repeatedScap } from '../repeat-scap.js'

const root = new URL('../../..', import.meta.url).pathname
const incident = join(root, 'test/captures/incidents/guest-keepalived-stopped')
const wanted = Number(process.argv[2] ?? 10_000_000)
const folder = mkdtempSync(join(tmpdir(), 'whylate-bench-'))
const scap = join(folder, 'long.scap')
const bundle = join(folder, 'long.whylate')
let opened = 0
/** A server for each opening: one that is still ending takes no session. */
const tmux = (...args) =>
  execFileSync('tmux', ['-S', join(folder, `tmux${opened}`), '-f', '/dev/null', ...args], {
    encoding: 'utf8',
    stdio: 'pipe',
  })

async function openOnce() {
  opened++
  const begun = performance.now()
  const command = `exec ${process.execPath} bin/whylate.js replay ${bundle}`
  tmux('new-session', '-d', '-s', 'open', '-x', '120', '-y', '40', '-c', root, command)
  let firstMs
  let knownMs
  let wholeMs
  while (wholeMs === undefined && performance.now() - begun < 120_000) {
    await sleep(25)
    const text = tmux('capture-pane', '-p', '-t', 'open')
    const ms = performance.now() - begun
    if (/whylate replay/.test(text)) firstMs ??= ms
    if (/LATE \d+ of 3/.test(text)) knownMs ??= ms
    if (/^ the end \d/m.test(text)) wholeMs = ms
  }
  const screen = tmux('capture-pane', '-p', '-t', 'open')
  tmux('kill-server')
  return { first: firstMs / 1000, known: knownMs / 1000, whole: wholeMs / 1000, screen }
}

try {
  writeFileSync(scap, Buffer.concat([...repeatedScap(join(incident, 'guest.scap.gz'), wanted)]))
  const argv = ['import', '-o', bundle, '--pcap', join(incident, 'tap.pcap'), '--scap', scap]
  const made = spawnSync(process.execPath, [join(root, 'bin/whylate.js'), ...argv], { encoding: 'utf8' })
  if (made.status !== 0 && made.status !== 10) throw new Error(made.stderr)
  const rounds = []
  for (let round = 0; round < 3; round++) {
    rmSync(`${bundle}.index`, { force: true })
    const { first, whole, screen } = await openOnce()
    const again = await openOnce()
    rounds.push({ first, whole, known: again.known, isSame: again.screen === screen })
  }
  const isSame = rounds.every((one) => one.isSame && Number.isFinite(one.known))
  const skim = secondsOf(['sysdig', '-r', scap, '-q'])
  const sorted = (key) => rounds.map((one) => one[key]).toSorted((a, b) => a - b)
  for (const [key, what, bar, limit] of [
    ['first', 'opening a bundle of 10 M events: first frame', '≤ 1 s', 1],
    ['whole', 'opening a bundle of 10 M events: all of it', '≤ 15 s', 15],
    ['known', 'opening it again: all late adverts, by its index', '≤ 1 s', 1],
  ])
    tell({
      what,
      bar,
      ours: sorted(key),
      theirs: skim === undefined ? [] : [skim],
      unit: 's',
      ratio: skim === undefined ? undefined : skim / sorted(key)[1],
      isMet: sorted(key)[1] <= limit,
      same: isSame,
      note: 'exec included; theirs: one `sysdig -q` of the scap; at its end the screen is the same each time',
    })
} finally {
  rmSync(folder, { recursive: true })
}
