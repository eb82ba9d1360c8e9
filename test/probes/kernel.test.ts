// The script itself, run by the real bpftrace against a real keepalived that is stopped and continued.

import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createBpftraceParser } from '../../src/parse/bpftrace.ts'
import { instantOf } from '../../src/time/instant.ts'
import { createKernelNotes } from '../parse/kernel-notes.ts'

const script = join(import.meta.dirname, '../../probes/kernel.bt')
const has = (tool: string): boolean => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0
const isPossible = process.getuid?.() === 0 && ['bpftrace', 'keepalived', 'ip', 'unshare', 'chrt'].every(has)

const namespace = `wl-bpf-${process.pid}`
const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6
const environment = {
  BPFTRACE_STRLEN: '112',
  BPFTRACE_MAX_STRLEN: '112',
  BPFTRACE_MAP_KEYS_MAX: '16384',
  BPFTRACE_PERF_RB_PAGES: '256',
}
/** tracefs and debugfs in a mount namespace of its own: nothing of the host changes. */
const inOwnMounts = 'mount -t tracefs t /sys/kernel/tracing; mount -t debugfs d /sys/kernel/debug; exec "$@"'

async function until<T>(read: () => T | undefined, what: string): Promise<T> {
  for (let tries = 0; tries < 400; tries++) {
    const value = read()
    if (value !== undefined) return value
    await sleep(50)
  }
  throw new Error(`${what} did not come`)
}

function startKeepalived(folder: string): ChildProcess {
  execFileSync('ip', ['netns', 'add', namespace])
  const inside = (...args: string[]): void => void execFileSync('ip', ['-n', namespace, ...args])
  inside('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1')
  for (const name of ['lo', 'eth0', 'eth1']) inside('link', 'set', name, 'up')
  inside('addr', 'add', '192.168.205.11/24', 'dev', 'eth0')
  const conf = join(folder, 'keepalived.conf')
  writeFileSync(
    conf,
    `vrrp_instance one {\n state MASTER\n interface eth0\n virtual_router_id 205\n priority 255\n advert_int 1\n` +
      ` virtual_ipaddress {\n 192.168.205.7\n }\n}\n`,
    { mode: 0o600 },
  )
  const files = ['-f', conf, '-p', join(folder, 'pid'), '-r', join(folder, 'vrrp.pid')]
  return spawn('ip', ['netns', 'exec', namespace, 'keepalived', '-n', '-l', '-D', '-P', ...files], { stdio: 'ignore' })
}

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  await new Promise((resolve) => {
    child.once('exit', resolve)
  })
}

test.skipIf(!isPossible)(
  'a keepalived stopped for 1.5 s: signal, stopped switch, wakeup and the late sendmsg, with their times (needs root)',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wl-bpf-'))
    const keepalived = startKeepalived(folder)
    const children = [keepalived]
    try {
      const sender = await until(() => {
        try {
          return Number(readFileSync(join(folder, 'vrrp.pid'), 'utf8'))
        } catch {
          return undefined
        }
      }, 'the VRRP child')
      const notes = createKernelNotes()
      const parser = createBpftraceParser({ sink: notes.sink, instantAt: instantOf })
      const bpftrace = ['bpftrace', '-q', '-B', 'full', script, '1', String(sender)]
      const probe = spawn(
        'unshare',
        ['--mount', '--propagation', 'private', 'sh', '-c', inOwnMounts, 'sh', 'chrt', '--batch', '0', ...bpftrace],
        { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] },
      )
      children.push(probe)
      let errors = ''
      probe.stderr.on('data', (text: Buffer) => (errors += text.toString()))
      probe.stdout.on('data', (bytes: Buffer) => parser.push(bytes))
      const adverts = (): string[] =>
        notes.lines.filter((note) => note.includes(` ${sender}/${sender} `) && note.includes(': sendmsg '))
      await until(() => (adverts().length >= 2 ? true : undefined), `an advert (${errors})`)
      const before = adverts().length

      const stoppedAt = monotonicMs()
      process.kill(sender, 'SIGSTOP')
      await sleep(1500)
      const continuedAt = monotonicMs()
      process.kill(sender, 'SIGCONT')
      await until(() => (adverts().length > before ? true : undefined), 'the late advert')
      probe.kill('SIGINT')
      await ended(probe)
      parser.end()

      const timeOf = (pattern: RegExp, from = 0): number => {
        const found = notes.lines.find((note) => pattern.test(note) && Number.parseFloat(note) >= from)
        if (found === undefined) throw new Error(`nothing matches ${pattern} in\n${notes.lines.join('\n')}`)
        return Number.parseFloat(found)
      }
      const near = (actual: number, expected: number): void => expect(Math.abs(actual - expected)).toBeLessThan(100)
      near(timeOf(new RegExp(`signal 19 sent ${process.pid} .* -> ${sender} keepalived`)), stoppedAt)
      near(timeOf(new RegExp(` ${sender} keepalived \\(stopped`)), stoppedAt)
      near(timeOf(new RegExp(` ${sender} woken by ${process.pid} `), continuedAt - 100), continuedAt)
      near(timeOf(new RegExp(`signal 18 sent ${process.pid} .* -> ${sender} keepalived`)), continuedAt)
      const late = adverts()[before] ?? ''
      expect(late).toMatch(/= \d+ fd \d+ raw socket 112$/)
      const gap = Number.parseFloat(late) - Number.parseFloat(adverts()[before - 1] ?? '')
      expect(gap).toBeGreaterThan(1490)
      expect(notes.malformed).toEqual([])
      expect(notes.lost).toBe(0)
    } finally {
      for (const child of children) child.kill('SIGTERM')
      await Promise.all(children.map(ended))
      execFileSync('ip', ['netns', 'del', namespace])
      rmSync(folder, { recursive: true, force: true })
    }
  },
  60_000,
)
