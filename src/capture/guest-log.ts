// keepalived's log inside a guest, followed from now on: the command that leads there, and what runs at its far end.
//
//   --log lb01='ssh root@lb01'                              its journal, or the file in /var/log that speaks of keepalived
//   --log lb01='ssh root@lb01 tail -n 0 -F /srv/ka.log |'   lines of any other place
//
// As sysdig in a guest (guest-script.ts) it lives by its stdin, so that nothing is left behind there. Its stamps are by the
// guest's clock, which is known where `--guest` has the same name, or else by what the lines say (diagnose/log-clock.ts).

import type { GuestCommand } from './guest-command.ts'
import { wayInMeaning, wayInSpec } from './guest-probe.ts'
import { farEndSettings } from './guest-script.ts'
import { journalIdentifiers, journalFields } from './journal.ts'
import type { StderrMeaning, ToolSpec } from './tool-spec.ts'

/** Of its own row; what leads to it is told beside it. */
export const guestLogTool = 'log'
const beatMs = 1000
/** Debian's own, then rsyslog's and Red Hat's. */
const usualFiles = ['/var/log/keepalived.log', '/var/log/daemon.log', '/var/log/syslog', '/var/log/messages']

export function guestLogScript(): string {
  const chosen = journalIdentifiers.map((one) => `-t ${one}`).join(' ')
  const follow = `--follow --lines=0 --output=json --output-fields=${journalFields} --no-pager ${chosen}`
  return `{
${farEndSettings}
child=
if [ -n "$(journalctl --lines=1 --output=cat --no-pager -q ${chosen} 2>/dev/null)" ]; then
echo "whylate: log=journal" >&2
journalctl ${follow} </dev/null &
child=$!
else
for file in ${usualFiles.join(' ')}; do
if [ -z "$child" ] && grep -q -i keepalived "$file" 2>/dev/null; then
echo "whylate: log=$file" >&2
tail -n 0 -F "$file" </dev/null &
child=$!
fi
done
fi
[ -n "$child" ] || { echo "whylate: no log" >&2; exit 1; }
while read -r beat && [ -e /proc/$child/exe ]; do :; done
exec 2>/dev/null
kill -TERM $child
wait $child
}
`
}

const noLog: StderrMeaning = {
  kind: 'refused',
  reason: 'keepalived has logged nothing in this guest: neither its journal nor a file in /var/log speaks of it',
  remedy: "name the file: --log NAME='ssh root@HOST tail -n 0 -F FILE |'",
}

function readStderr(line: string): StderrMeaning {
  const said = /^whylate: (?<word>no log|log=(?<where>.+))$/.exec(line)?.groups
  if (said?.['word'] === 'no log') return noLog
  if (said?.['where'] !== undefined) return { kind: 'introduced', version: '', detail: said['where'], pids: [] }
  return wayInMeaning(line) ?? { kind: 'said' }
}

export function guestLogSpec(way: GuestCommand): ToolSpec {
  const { isStream } = way
  return {
    ...wayInSpec(way),
    probe: 'log',
    part: '',
    tool: guestLogTool,
    silence: undefined,
    startsQuietlyAfterMs: isStream ? 1000 : Infinity,
    lifeline: { script: isStream ? '' : guestLogScript(), beatMs: isStream ? Infinity : beatMs, beat: () => 'beat\n' },
    readStderr,
  }
}
