// How long a command takes to its first word: `record` to "recording to", by turns with an empty program of Node's own. Nothing
// of the screen is loaded for it (test/cli/record.test.ts holds that).

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { byTurns, median, tell } from '../measure.js'

const root = new URL('../../..', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'whylate-bench-'))

/** Seconds from exec to the first bytes on stderr or stdout, or to the end of a program that says nothing; and those bytes. */
function untilFirstWord(argv) {
  const begun = performance.now()
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const spoke = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) stream.once('data', (bytes) => resolve(String(bytes)))
    child.once('close', () => resolve(''))
  })
  return spoke.then(async (word) => {
    const seconds = (performance.now() - begun) / 1000
    // Let it come up wholly, so that its end is none of the next round's business.
    if (word !== '') await sleep(500)
    child.kill('SIGINT')
    await ended
    return { seconds, word }
  })
}

try {
  let isRecording = true
  const { ours, theirs } = await byTurns(
    10,
    async (round) => {
      const path = join(folder, String(round))
      const argv = [join(root, 'bin/whylate.js'), 'record', '-o', path, '--engine', 'none', '-i', 'lo']
      const { seconds, word } = await untilFirstWord(argv)
      isRecording &&= word.startsWith(`whylate: recording to ${path}.whylate`)
      return seconds
    },
    async () => (await untilFirstWord(['-e', '0'])).seconds,
  )
  tell({
    what: 'record: from exec to its first word',
    bar: '< 0.5 s',
    ours,
    theirs,
    unit: 's',
    ratio: median(theirs) / median(ours),
    isMet: median(ours) < 0.5,
    same: isRecording,
    note: 'tcpdump, iostat and the host sampler; theirs: `node -e 0`, which loads nothing; each ten times, by turns',
  })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
