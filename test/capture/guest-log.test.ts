// The log inside a guest, by a way that leads no further than to a shell here: what it follows, what it says where there is
// nothing, and that nothing is left when its stdin ends.

import { execFileSync, spawn } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { parseGuestCommands } from '../../src/capture/guest-command.ts'
import { guestLogScript, guestLogSpec } from '../../src/capture/guest-log.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-guest-log-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const bin = join(folder, 'bin')
const logs = join(folder, 'log')
beforeEach(() => {
  for (const one of [bin, logs]) {
    rmSync(one, { recursive: true, force: true })
    mkdirSync(one)
  }
})

const entry = '{"__REALTIME_TIMESTAMP":"1795350522934951","SYSLOG_IDENTIFIER":"Keepalived_vrrp","MESSAGE":"x"}'
/** A journalctl that has `kept` entries already, and says one when it follows. */
const putJournal = (kept: boolean): void =>
  writeFileSync(
    join(bin, 'journalctl'),
    `#!/bin/sh\ncase "$*" in *--follow*) echo '${entry}'; exec sleep 300;; *) ${kept ? 'echo x' : ':'};; esac\n`,
    { mode: 0o755 },
  )

/** The script as a guest's shell reads it, whose /var/log is ours. */
function run(): { readonly out: () => string; readonly said: () => string; end(): Promise<number | null> } {
  const child = spawn('sh', [], { env: { PATH: `${bin}:/usr/bin:/bin` }, stdio: 'pipe' })
  let [out, said] = ['', '']
  child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()))
  child.stdin.on('error', () => undefined)
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  child.stdin.write(guestLogScript().replaceAll('/var/log', logs))
  return {
    out: () => out,
    said: () => said,
    end() {
      child.stdin.end()
      return ended
    },
  }
}

const left = (): string => {
  try {
    return execFileSync('pgrep', ['-af', `tail -n 0 -F ${logs}|sleep 300`], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

test('a journal that speaks of keepalived is followed, and left when stdin ends', async () => {
  putJournal(true)
  const shell = run()
  await vi.waitFor(() => expect(shell.out()).toBe(`${entry}\n`), { timeout: 5000 })
  expect(shell.said()).toBe('whylate: log=journal\n')
  await shell.end()
  expect(left()).toBe('')
})

test('where the journal knows nothing of it the file that does is followed from now on', async () => {
  putJournal(false)
  writeFileSync(join(logs, 'daemon.log'), 'Nov 22 12:28:42 lb01 cron[1]: nothing of ours\n')
  writeFileSync(join(logs, 'syslog'), 'Nov 22 12:28:42 lb01 Keepalived_vrrp[7]: of yesterday\n')
  const shell = run()
  await vi.waitFor(() => expect(shell.said()).toBe(`whylate: log=${logs}/syslog\n`), { timeout: 5000 })
  await vi.waitFor(() => expect(left()).toContain('tail'), { timeout: 5000 })
  await vi.waitFor(() => {
    appendFileSync(join(logs, 'syslog'), 'Nov 22 12:29:42 lb01 Keepalived_vrrp[7]: of now\n')
    expect(shell.out()).toContain('of now')
  }, 5000)
  expect(shell.out()).not.toContain('yesterday')
  await shell.end()
  expect(left()).toBe('')
})

test('where nothing speaks of it that is said, with what to do', async () => {
  const shell = run()
  expect(await shell.end()).toBe(1)
  expect(shell.said()).toBe('whylate: no log\n')
  const [way] = parseGuestCommands(["lb01=ssh root@lb01 -o 'BatchMode yes'"], '--log')
  const { readStderr, argv, lifeline } = guestLogSpec(way ?? { name: '', argv: [''], isStream: false })
  expect(readStderr('whylate: no log')).toMatchObject({
    kind: 'refused',
    remedy: expect.stringContaining('tail -n 0 -F'),
  })
  expect(readStderr('root@lb01: Permission denied (publickey).')).toMatchObject({ kind: 'refused' })
  expect(readStderr('whylate: log=journal')).toMatchObject({ kind: 'introduced', detail: 'journal' })
  expect(argv).toEqual(['ssh', 'root@lb01', '-o', 'BatchMode yes', 'sh'])
  expect(lifeline?.script).toBe(guestLogScript())
})

test('a command that says the lines by itself is given nothing', () => {
  const [way] = parseGuestCommands(['lb01=ssh root@lb01 tail -n 0 -F /srv/ka.log |'], '--log')
  const { argv, lifeline } = guestLogSpec(way ?? { name: '', argv: [''], isStream: false })
  expect(argv).toEqual(['ssh', 'root@lb01', 'tail', '-n', '0', '-F', '/srv/ka.log'])
  expect(lifeline?.script).toBe('')
})

test('what is typed wrong is told of --log', () => {
  expect(() => parseGuestCommands(['lb01=ssh $HOST'], '--log')).toThrow(
    /^--log lb01: \$ means something to a shell only/,
  )
  expect(() => parseGuestCommands(['1b=ssh x'], '--log')).toThrow(/^--log takes NAME=COMMAND/)
  expect(() => parseGuestCommands(['a.b=ssh x', 'a_b=ssh y'], '--log')).toThrow(/^--log a_b: it is called like a\.b/)
})
