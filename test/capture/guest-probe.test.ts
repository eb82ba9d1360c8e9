// sysdig in a guest, by real shells: `env` and a program that joins its words as ssh does stand for the way in.

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, expect, test } from 'vitest'
import { examineGuests } from '../../src/capture/examine.ts'
import { parseGuestCommand, parseGuestCommands } from '../../src/capture/guest-command.ts'
import { guestSpec } from '../../src/capture/guest-probe.ts'
import { guestBeat, guestScript } from '../../src/capture/guest-script.ts'
import { openOwnClock } from '../../src/capture/own-clock.ts'
import { supervise, type Supervised } from '../../src/capture/supervise.ts'
import type { ToolSpec } from '../../src/capture/tool-spec.ts'
import type { ProbeNotice } from '../../src/events/probe.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-guest-'))
const bin = resolve(import.meta.dirname, '../fixtures/guest-bin')
const clock = openOwnClock()
const running: Supervised[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((child) => child.stop()))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
const newLog = (): string => join(folder, `guest-${++count}.log`)
const logOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')
/** A way into a guest whose PATH begins with ours. */
const wayTo = (log: string): string => `env GUEST_LOG=${log} PATH=${bin}${delimiter}/usr/bin${delimiter}/bin`

interface Heard {
  readonly child: Supervised
  readonly notices: ProbeNotice[]
  bytes: number
}

function run(command: string, change: Partial<ToolSpec> = {}): Heard {
  const notices: ProbeNotice[] = []
  const heard = { notices, bytes: 0 }
  const child = supervise({ ...guestSpec(parseGuestCommand(command)), ...change }, clock, (output) => {
    if (output.kind === 'bytes') heard.bytes += output.bytes.length
    else notices.push(output)
  })
  running.push(child)
  return Object.assign(heard, { child })
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000 && !isSo(); tries++) await sleep(10)
  expect(isSo()).toBe(true)
}

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}/exe`)
const has = (heard: Heard, kind: ProbeNotice['kind']): boolean => heard.notices.some((notice) => notice.kind === kind)

test.each([
  ['one that executes', (way: string) => way],
  ['one whose words a shell reads again, as ssh', (way: string) => `${bin}/ssh root@lb01 ${way}`],
])('by a way in: %s', async (_, wayOf) => {
  const log = newLog()
  const heard = run(`lb01=${wayOf(wayTo(log))}`)
  await until(() => has(heard, 'started'))
  const [started] = heard.notices
  expect(started).toMatchObject({ kind: 'started', probe: 'sysdig', part: 'lb01', version: '0.36.0' })
  const { detail, inside = [] } = started?.kind === 'started' ? started : { detail: '' }
  expect(detail).toMatch(/^modern BPF, by (?:env|ssh)$/)
  expect(inside.map(isAlive)).toEqual([true, true])
  // The filter arrived as one word, with the pid of the shell in there.
  expect(logOf(log).split('\n')).toContainEqual(expect.stringContaining(`not (proc.pid=${inside[0]} or proc.ppid=`))
  await heard.child.stop()
  await until(() => logOf(log).includes('ended') && !inside.some(isAlive))
})

test('the end of the way is the end of sysdig, whoever cut it', async () => {
  const log = newLog()
  const shell = spawn('sh', { env: { GUEST_LOG: log, PATH: `${bin}${delimiter}/usr/bin${delimiter}/bin` } })
  shell.stdout.resume()
  shell.stdin.write(guestScript())
  await until(() => logOf(log).includes('-w'))
  shell.stdin.write(guestBeat(1))
  await sleep(50)
  expect(logOf(log)).not.toContain('ended')
  shell.stdin.destroy()
  await until(() => logOf(log).includes('ended'))
})

test('a command that is none is told with its remedy; one that ends is started again', async () => {
  const none = run('lb03=no-such-program root@lb01')
  const ending = run(`lb01=${process.execPath} -e 0`)
  await until(() => has(none, 'absent') && has(ending, 'ended'))
  expect(none.notices[0]).toMatchObject({
    kind: 'absent',
    part: 'lb03',
    reason: 'no-such-program could not be executed (127): there is no such program here',
    remedy: expect.stringMatching(/^COMMAND is a program/) as string,
  })
  expect(ending.notices.at(-1)).toMatchObject({ kind: 'ended', part: 'lb01', willRestart: true })
})

test('doctor really goes in, and says what is missing there and what on the way', async () => {
  const [well, none] = await examineGuests(parseGuestCommands([`lb01=${wayTo(newLog())}`, 'lb02=no-such-program']))
  expect(well).toMatchObject({ name: 'lb01', way: 'by env', afterMs: expect.any(Number) as number, lack: undefined })
  expect(none?.lack?.remedy).toMatch(/^COMMAND is a program/)
})

test('one that stands still is told as silent, not as dead, and goes on', async () => {
  const log = newLog()
  const heard = run(`lb01=${wayTo(log)}`, { silence: { firstMs: 60_000, afterMs: 600, restarts: false } })
  await until(() => has(heard, 'started'))
  const [started] = heard.notices
  const inside = started?.kind === 'started' ? (started.inside ?? []) : []
  for (const pid of inside) process.kill(pid, 'SIGSTOP')
  await until(() => has(heard, 'silent'))
  const before = heard.bytes
  for (const pid of inside) process.kill(pid, 'SIGCONT')
  await until(() => heard.bytes > before)
  expect(heard.notices.map(({ kind }) => kind)).toEqual(['started', 'silent'])
})

test('a command that is a stream itself is all of its processes', async () => {
  const heard = run("lb01=sh -c 'printf scap; sleep 1000 | cat' |")
  await until(() => heard.bytes === 4)
  const leader = heard.child.pid() ?? 0
  await until(() => groupOf(leader).length >= 3)
  await heard.child.stop()
  await until(() => groupOf(leader).length === 0)
  expect(heard.notices.at(-1)).toMatchObject({ kind: 'ended', willRestart: false })
})

/** Processes of this group that have not ended. */
function groupOf(leader: number): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return Number(group) === leader && state !== 'Z'
    } catch {
      return false
    }
  })
}
