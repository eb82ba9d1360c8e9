// A real guest under qemu, by the command that a person runs (`npm run lab`): faults outside it and inside, seen by the host
// alone and with real sysdig in the guest by `--guest`; and a whylate that runs in the guest itself.

import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'whylate-lab-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Why there can be no guest here; '' when there can. `args`: `--check`, or none to make its image, too. */
function obstacleOf(...args: readonly string[]): string {
  try {
    execFileSync(process.execPath, [join(import.meta.dirname, 'image.js'), ...args], { stdio: 'pipe' })
    return ''
  } catch (error) {
    const { status, stderr } = error as { readonly status?: number; readonly stderr?: Buffer }
    if (status !== 3) throw error
    return String(stderr).trim()
  }
}
const obstacle = obstacleOf('--check')

interface Ran {
  readonly code: number
  /** Rows of the table, as cells. */
  readonly rows: readonly (readonly string[])[]
  readonly stderr: string
}

const runLab = (...args: readonly string[]): Promise<Ran> =>
  new Promise((done) => {
    execFile('npm', ['run', 'lab', '--silent', '--', '--nice', '5', ...args], { cwd: root }, (error, stdout, stderr) =>
      done({
        code: error === null ? 0 : Number(error.code ?? 1),
        rows: stdout
          .split('\n')
          .slice(2)
          .filter((line) => line.startsWith('|'))
          .map((line) =>
            line
              .split('|')
              .slice(1, -1)
              .map((cell) => cell.trim()),
          ),
        stderr,
      }),
    )
  })

describe.skipIf(obstacle !== '')(`a real guest${obstacle === '' ? '' : ` (${obstacle})`}`, () => {
  const faults = [
    ['sigstop', 'sender-stopped'],
    ['guest-stopped', 'inside-guest'],
    // The host alone says possible; sendmsg in the guest, on time, makes it likely.
    ['tap-held', 'tx-held'],
  ]

  test(
    'each fault is what it is, and with the guest no less is known than without',
    { timeout: 420_000, retry: 1 },
    async ({ skip }) => {
      // Without the package server there is no kernel for it.
      const missing = obstacleOf()
      skip(missing !== '', missing)
      const keep = mkdtempSync(join(folder, 'rounds-'))
      const { code, rows, stderr } = await runLab(...faults.map(([name = '']) => name), '--keep', keep)
      expect(
        rows.map(([name, truth, , , , withGuest]) => [name, truth, withGuest]),
        stderr,
      ).toEqual(faults.map(([name, truth]) => [name, truth, 'right']))
      expect(rows.map(([, , , host]) => host)).not.toContain('WRONG')
      expect(code).toBe(0)
      // Its clock was told by its adverts, and sysdig's cost by itself.
      expect(stderr).toMatch(
        /sigstop: kernel module, by way-in.*inside guest lb01, its clock .* told to ± [\d.]+ (?:µs|ms)/,
      )
      expect(existsSync(join(keep, 'sigstop.whylate/sysdig-lb01.scap.gz'))).toBe(true)
      const tape = gunzipSync(readFileSync(join(keep, 'sigstop.whylate/probes.ndjson.gz'))).toString()
      // One life of sysdig, although its guest was stopped: silent for a while, and never dead.
      expect(tape.match(/"kind":"started","probe":"sysdig","part":"lb01"/g)).toHaveLength(1)
      expect(tape).not.toMatch(/"kind":"ended","probe":"sysdig","part":"lb01"/)
      // What keepalived logged in there, by the same way in (--log).
      const logged = gunzipSync(readFileSync(join(keep, 'sigstop.whylate/log.ndjson.gz'))).toString()
      expect(logged).toMatch(/^\{"from":"lb01","line":"[^"]*A thread timer expired/m)
      const manifest = readFileSync(join(keep, 'sigstop.whylate/manifest.json'), 'utf8')
      expect(manifest).toContain('"guests"')
      // By the tap come the adverts of the BACKUP as well, which took over: without --guest, too, they are not the guest's.
      const told = spawnSync(
        process.execPath,
        [join(root, 'bin/whylate.js'), 'report', join(keep, 'sigstop-host.whylate'), '--format', 'json'],
        { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
      )
      const { flows } = JSON.parse(told.stdout) as { flows: { source: string; sender: string | null }[] }
      const senderOf = (source: string) => flows.find((flow) => flow.source === source)?.sender
      expect(senderOf('10.205.0.11')).toContain('instance-000000dd')
      expect(senderOf('10.205.0.12') ?? '').not.toContain('instance-000000dd')
      const [, run = ''] = /, in (\/run\/whylate-drill-\S+)/.exec(stderr) ?? []
      expect(run).not.toBe('')
      expect(existsSync(run)).toBe(false)
      expect(readdirSync('/run/netns').filter((name) => name.startsWith(basename(run)))).toEqual([])
    },
  )

  test(
    'a whylate that runs in the guest names who was stopped there',
    { timeout: 420_000, retry: 1 },
    async ({ skip }) => {
      const missing = obstacleOf()
      skip(missing !== '', missing)
      const { code, rows, stderr } = await runLab('none', '--inside', '--keep', mkdtempSync(join(folder, 'inside-')))
      expect(
        rows.map(([, truth, , , said, is]) => [truth, /^\w+ sender-stopped/.test(said ?? ''), is]),
        stderr,
      ).toEqual([['sender-stopped', true, 'right']])
      expect(code).toBe(0)
    },
  )
})
