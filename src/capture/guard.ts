// No orphan, whatever happens to us: a tiny `sh` that outlives whylate by a second and stops what whylate left behind.
//
//   whylate ──── pipe ────▶ guard (own session, deaf to INT, TERM and HUP)
//      │           ▲          list: 4711:889120  4712:889133
//      └─ sh ──────┘ "+ 4712" (the child itself says so, before it becomes the tool)
//          └─ exec tcpdump
//
// A signal handler cannot run after SIGKILL, so whylate's own death must be seen from outside: only whylate and a
// child that has not yet said its pid hold the writing end of the pipe, so its end means that whylate is gone and
// that everybody it started is on the list. There is no moment between fork and entry in which a child could be lost.
// A pid is kept with its start time (field 22 of /proc/PID/stat), so that a pid that was reused is never signalled.
// Only `sh`, `kill`, `sleep` and /proc are needed; nothing of ours has to be alive.

import { spawn, type ChildProcess } from 'node:child_process'
import type { Writable } from 'node:stream'

/** dash and busybox sh both run it. `starttime`: comm may hold blanks and brackets, so all up to the last `) ` goes. */
const guardScript = `
trap '' INT TERM HUP QUIT TSTP PIPE
list=' '
started() {
  when=
  { read -r stat < "/proc/$1/stat"; } 2>/dev/null || return 1
  set -- \${stat##*) }
  [ "$1" != Z ] && when=\${20}
}
forget() {
  rest=' '
  for one in $list; do [ "\${one%%:*}" = "$1" ] || rest="$rest$one "; done
  list=$rest
}
signal() {
  left=
  for one in $list; do
    started "\${one%%:*}" && [ "$when" = "\${one##*:}" ] && kill "-$1" "\${one%%:*}" 2>/dev/null && left=1
  done
  [ -n "$left" ]
}
while read -r verb pid; do
  case $verb in
    +) forget "$pid"; started "$pid" && list="$list$pid:$when " ;;
    -) forget "$pid" ;;
  esac
done
signal INT || exit 0
for wait in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; signal 0 || exit 0; done
signal KILL
`

/** Says its own pid to the guard and becomes the tool: `sh -c enterScript sh TOOL ARG…` with the pipe as fd 3. */
export const enterScript = 'echo "+ $$" >&3 && exec "$@" 3>&-'

export interface Guard {
  /** The writing end, to be given to a child as its fd 3. */
  readonly channel: Writable
  readonly pid: number | undefined
  /** Has entered itself; kept here for a guard that somebody kills and that is started again. */
  remember(pid: number): void
  /** The child has ended and was reaped: its pid may now belong to anybody. */
  forget(pid: number): void
}

interface Running {
  readonly process: ChildProcess
  readonly channel: Writable
}

const known = new Set<number>()
let running: Running | undefined

function openRunning(): Running {
  const process = spawn('/bin/sh', ['-c', guardScript], {
    cwd: '/',
    detached: true,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const channel = process.stdin
  // The pipe is a socket of Node's; neither it nor the guard may keep whylate from ending.
  ;(channel as unknown as { unref(): void }).unref()
  process.unref()
  const opened: Running = { process, channel }
  const replace = (): void => {
    if (running === opened) running = undefined
    if (known.size > 0) guardChildren()
  }
  process.once('exit', replace)
  process.once('error', replace)
  // EPIPE of a guard that somebody killed; its end is seen above.
  channel.on('error', () => undefined)
  for (const pid of known) channel.write(`+ ${pid}\n`)
  return opened
}

/** The one guard of this process; started when first needed, and again if somebody kills it. */
export function guardChildren(): Guard {
  running ??= openRunning()
  const { process, channel } = running
  return {
    channel,
    pid: process.pid,
    remember: (pid) => void known.add(pid),
    forget(pid) {
      known.delete(pid)
      running?.channel.write(`- ${pid}\n`)
    },
  }
}
