// One life of one child: started through the guard's door, its bytes handed on as they come, ended for certain.
//
// execa with `buffer: false` (else it kills a child after 100 MB of output) and `reject: false` (an end is data). Bytes
// are taken in the stream's `data` event, so nothing queues: while the listener works, the pipe fills and the child
// waits in write(). stop() is SIGINT, SIGKILL after a delay, and an answer even if the process stays in state D.

import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { execa } from 'execa'
import { enterScript, guardChildren } from './guard.ts'
import { createLineReader } from './stderr-lines.ts'
import type { Ending } from './tool-spec.ts'

export interface ChildCommand {
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  readonly killAfterMs: number
  readonly lifeline?: { readonly script: string }
}

export interface ChildListener {
  bytes(chunk: Uint8Array): void
  line(text: string): void
}

export interface Child {
  readonly pid: number | undefined
  /** Once; after the last byte. Never rejects. */
  readonly ended: Promise<Ending>
  /** Asked to end: the end of its stdin where that is a lifeline, INT, then KILL. */
  stop(): void
  /** Something on its lifeline; dropped while it does not read. */
  tell(text: string): void
  /** Only if it has a handler for it: the default action of most signals is death. */
  poke(signal: 'SIGUSR1'): boolean
  pause(): void
  resume(): void
}

/** After the process is gone: how long a grandchild may hold the pipe open before it is closed from our side. */
const drainMs = 500
/** After the end of its lifeline: what is at its other end ends first, and says its last words. */
const lifelineMs = 1500
const mostUnread = 64 * 1024
/** After SIGKILL: how long the kernel may take. */
const dieMs = 1500

/** From `SigCgt:	0000000000015a03` of /proc/PID/status. */
function isCaught(pid: number, signal: 'SIGUSR1'): boolean {
  try {
    const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '0'
    return ((BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n
  } catch {
    return false
  }
}

export function startChild(command: ChildCommand, on: ChildListener): Child {
  const guard = guardChildren()
  const { lifeline } = command
  const subprocess = execa('/bin/sh', ['-c', enterScript, 'sh', ...command.argv], {
    buffer: false,
    reject: false,
    encoding: 'buffer',
    env: command.env,
    stdio: [lifeline === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', guard.channel],
    // Out of reach of the terminal: ssh must not ask for a password in the middle of a screen.
    detached: lifeline !== undefined,
    killSignal: 'SIGINT',
    forceKillAfterDelay: command.killAfterMs,
  })
  const { stdin, stdout, stderr, pid } = subprocess
  // EPIPE of one that is gone; its end is seen below.
  stdin?.on('error', () => undefined)
  if (lifeline !== undefined) stdin?.write(lifeline.script)
  const lines = createLineReader((text) => on.line(text))
  stdout.on('data', (chunk: Uint8Array) => on.bytes(chunk))
  stderr.on('data', (chunk: Uint8Array) => lines.push(chunk))
  stderr.once('end', () => lines.end())
  if (pid !== undefined) guard.remember(pid)

  let settle: (ending: Ending) => void = () => undefined
  const stuck = new Promise<Ending>((resolve) => (settle = resolve))
  let deadline: NodeJS.Timeout | undefined
  let gentle: NodeJS.Timeout | undefined
  let force: NodeJS.Timeout | undefined
  let isAlive = pid !== undefined
  let hasHandler = false
  subprocess.once('exit', () => {
    isAlive = false
    clearTimeout(gentle)
    clearTimeout(force)
    clearTimeout(deadline)
    if (pid !== undefined) guardChildren().forget(pid)
    // A paused pipe never ends, and one that a grandchild holds does not either.
    stdout.resume()
    setTimeout(() => {
      stdout.destroy()
      stderr.destroy()
    }, drainMs).unref()
  })

  const finished = subprocess.then((result): Ending => {
    clearTimeout(deadline)
    if (result.signal !== undefined) return { kind: 'killed', signal: result.signal }
    if (result.exitCode !== undefined) return { kind: 'exited', code: result.exitCode }
    return { kind: 'unstartable', message: result.originalMessage ?? result.shortMessage ?? 'unknown' }
  })

  /** All of its group, where it leads one: `sh -c 'a | b'` is three processes. */
  function signalGroup(name: 'SIGINT' | 'SIGKILL'): void {
    try {
      if (isAlive && pid !== undefined) process.kill(-pid, name)
    } catch {
      // It became no leader, or is gone this moment.
    }
  }

  function interrupt(): void {
    if (lifeline !== undefined) {
      signalGroup('SIGINT')
      force = setTimeout(() => signalGroup('SIGKILL'), command.killAfterMs)
    }
    subprocess.kill()
  }

  return {
    pid,
    ended: Promise.race([finished, stuck]),
    stop() {
      if (!isAlive) return
      stdout.resume()
      stdin?.end()
      const gentleMs = (lifeline?.script ?? '') === '' ? 0 : lifelineMs
      if (gentleMs === 0) interrupt()
      else gentle ??= setTimeout(interrupt, gentleMs)
      deadline ??= setTimeout(
        () => {
          stdout.destroy()
          stderr.destroy()
          subprocess.unref()
          settle({ kind: 'stuck' })
        },
        gentleMs + command.killAfterMs + dieMs,
      )
    },
    tell(text) {
      if (isAlive && stdin?.writable === true && stdin.writableLength < mostUnread) stdin.write(text)
    },
    poke(signal) {
      if (!isAlive || pid === undefined) return false
      hasHandler ||= isCaught(pid, signal)
      return hasHandler && subprocess.kill(signal)
    },
    pause: () => void stdout.pause(),
    resume: () => void stdout.resume(),
  }
}
