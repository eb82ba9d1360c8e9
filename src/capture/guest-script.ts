// What runs inside a guest: a shell that starts sysdig, lives by its stdin, and ends it when that ends.
//
//   whylate ── beats, 2/s ──▶ stdin  sh ── each beat: 37 writes to /dev/null ──▶ /dev/null
//      ▲                                └─ sysdig -w - ─┐
//      └──────────────────── stdout ◀───────────────────┘     stderr: versions, pids, what it costs
//
// The script goes to `sh` on its stdin, so no word of it passes through the shells on the way (ssh joins its arguments
// and has a shell read them again). Whatever cuts the way (whylate ended or was killed, ssh died, the network is gone and
// sshd noticed) ends stdin, and with it sysdig: `ssh` without a terminal would leave it behind. Only then: a shell whose
// stdin is not cut (a host that vanished without a word) waits until TCP gives up, with sysdig asleep in write().
//
// The beats push sysdig's stream (heartbeat.ts: it leaves in pieces of 8192 bytes only) and prove that the guest runs.
// They come from here, so that no process has to be started in there to keep time. dash, bash and busybox read it; the
// braces make them read all of it before any of it runs. A child that ended and was not waited for has no exe any more,
// while kill -0 would still find it. TERM, because a shell starts what runs beside it deaf to INT.

import { beatPlanOf } from './heartbeat.ts'
import { snapBytes } from './sysdig.ts'

export const guestBeatMs = 500

/** Every so many beats: what it costs, 10 s. */
const beatsPerCost = 20

/** One line of stdin: as long as a write is wanted, and a line feed. */
export const guestBeat = (beat: number): string => `${`whylate beat ${beat} `.padEnd(snapBytes - 2, '.')}\n`

/** A way in may bring next to no PATH, and any language. */
export const farEndSettings = `PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" LC_ALL=C
export PATH LC_ALL`

export function guestScript(): string {
  const { callsPerBurst } = beatPlanOf(guestBeatMs)
  const calls = Array.from({ length: callsPerBurst }, (_, i) => i + 1).join(' ')
  return `{
${farEndSettings}
command -v sysdig >/dev/null || { echo "whylate: no sysdig" >&2; exit 1; }
version=$(sysdig --version 2>/dev/null | sed -n 's/.*[vV]ersion[: ]*//p')
driver=
[ -c /dev/scap0 ] || ! sysdig --help 2>&1 | grep -q -e --modern-bpf || driver=--modern-bpf
sysdig $driver -v -s ${snapBytes} -w - "thread.tid=$$ or evt.type in (switch,clone,fork,vfork,execve,procexit) or not (proc.pid=$$ or proc.ppid=$$ or proc.pid=$PPID)" </dev/null &
child=$!
echo "whylate: version=$version driver=$driver pids=$$,$child" >&2
beats=0
while read -r beat && [ -e /proc/$child/exe ]; do
for one in ${calls}; do echo "$beat"; done >/dev/null
beats=$((beats + 1))
[ $((beats % ${beatsPerCost})) -ne 0 ] || { read -r stat </proc/$child/stat && read -r up rest </proc/uptime && echo "whylate: up=$up stat=$stat" >&2; }
done
kill -TERM $child 2>/dev/null
( sleep 3; kill -KILL $child ) </dev/null >/dev/null 2>&1 &
wait $child
exit $?
}
`
}

/** What the script says of itself on stderr; undefined for anybody else's line. */
export type GuestWord =
  | { readonly kind: 'introduced'; readonly version: string; readonly detail: string; readonly pids: readonly number[] }
  | { readonly kind: 'cost'; readonly upMs: number; readonly cpuMs: number; readonly rssBytes: number }
  | { readonly kind: 'no-sysdig' }

/** A clock tick of /proc/PID/stat (USER_HZ) and a page: the same on every Linux that sysdig runs on, but for some ARMs. */
const tickMs = 10
const pageBytes = 4096

/** From `415 (sysdig) S 411 …`: utime and stime are fields 14 and 15, rss is 24; comm may hold blanks and brackets. */
function costOf(up: string, stat: string): GuestWord | undefined {
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [ticks, pages] = [(fields[11] ?? Number.NaN) + (fields[12] ?? Number.NaN), fields[21] ?? Number.NaN]
  return Number.isFinite(ticks) && Number.isFinite(pages)
    ? { kind: 'cost', upMs: Number(up) * 1000, cpuMs: ticks * tickMs, rssBytes: pages * pageBytes }
    : undefined
}

export function readGuestWord(line: string): GuestWord | undefined {
  const said = /^whylate: (?<rest>.*)$/.exec(line)?.groups?.['rest']
  if (said === undefined) return undefined
  if (said === 'no sysdig') return { kind: 'no-sysdig' }
  const cost = /^up=(?<up>[\d.]+) stat=(?<stat>.+)$/.exec(said)?.groups
  if (cost !== undefined) return costOf(cost['up'] ?? '', cost['stat'] ?? '')
  const started = /^version=(?<version>\S*) driver=(?<driver>\S*) pids=(?<pids>[\d,]+)$/.exec(said)?.groups
  if (started === undefined) return undefined
  const { version = '', driver = '', pids = '' } = started
  return {
    kind: 'introduced',
    version: version.slice(0, 40),
    detail: driver === '' ? 'kernel module' : 'modern BPF',
    pids: pids.split(',').map(Number).filter(Number.isSafeInteger),
  }
}
