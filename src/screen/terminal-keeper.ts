// Gives the terminal back when nobody is left to do it: a tiny `sh` that outlives us by a moment.
//
//   whylate ── pipe ──▶ keeper        "in": the screen is ours   "out": it is the shell's
//
// After SIGKILL no handler of ours runs, and what stands there is the alternate screen without a cursor, in raw mode. The
// end of the pipe is seen from outside. In a session of its own, so that neither the terminal's signals reach it nor job
// control keeps it from setting the modes back.

import { spawn, spawnSync } from 'node:child_process'

const script = `
trap '' INT TERM HUP QUIT TSTP TTOU PIPE
state=out
while read -r word; do state=$word; done
[ "$state" = in ] || exit 0
printf '\\033[?25h\\033[0m\\033[?1049lwhylate was killed.\\r\\n'
stty "$1" <&3
`

export interface TerminalKeeper {
  /** Whether the screen is ours now. */
  tell(isOurs: boolean): void
  close(): void
}

const nobody: TerminalKeeper = { tell: () => undefined, close: () => undefined }

/** Before raw mode: what is in force now is what is put back. Only for the real terminal; without stty there is none. */
export function openTerminalKeeper(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream): TerminalKeeper {
  const fdOf = (stream: object): unknown => ('fd' in stream ? stream.fd : undefined)
  if (fdOf(stdin) !== 0 || fdOf(stdout) !== 1) return nobody
  const modes = spawnSync('stty', ['-g'], { stdio: ['inherit', 'pipe', 'ignore'], encoding: 'utf8' })
  if (modes.status !== 0) return nobody
  const keeper = spawn('/bin/sh', ['-c', script, 'sh', modes.stdout.trim()], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 1, 'ignore', 0],
  })
  const channel = keeper.stdin
  if (channel === null) return nobody
  // Neither it nor its pipe, a socket of Node's, may keep us from ending.
  ;(channel as unknown as { unref(): void }).unref()
  keeper.unref()
  // Somebody killed it, or there is no sh: then there is no keeper.
  keeper.on('error', () => undefined)
  channel.on('error', () => undefined)
  return {
    tell: (isOurs) => void channel.write(isOurs ? 'in\n' : 'out\n'),
    close: () => void channel.end('out\n'),
  }
}
