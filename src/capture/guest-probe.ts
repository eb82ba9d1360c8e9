// sysdig inside a guest, as one more probe: the command that leads there, and what its words and its silence mean.
//
// It stands apart from the host's probes in three things. Its stream is read by the guest's clock (session/placing.ts).
// Its silence says that the guest stands still, or the way to it, and that is told long before it is given up: a guest
// that was stopped goes on where it was, and nothing of it is lost. And it is ended through its stdin (guest-script.ts).

import { programOf, type GuestCommand } from './guest-command.ts'
import { guestBeat, guestBeatMs, guestScript, readGuestWord } from './guest-script.ts'
import { readSysdigStderr } from './sysdig.ts'
import { patient, refusalOf, type KnownRefusal, type StderrMeaning, type ToolSpec } from './tool-spec.ts'

/** The way in: what cannot be mended by trying again. */
const refusals: readonly KnownRefusal[] = [
  {
    pattern: /^sh: (?:\d+: |line \d+: )?exec: .*: (?:not found|Permission denied)$/,
    reason: 'there is no such program here',
    remedy: "COMMAND is a program and its arguments; a line for a shell is sh -c '…'",
  },
  {
    pattern: /^(?:\S+: )?Permission denied \(|^(?:\S+: )?Permission denied, please try again/,
    reason: 'it lets nobody in without a password, and whylate answers no question',
    remedy: 'give it a key: ssh-copy-id, or ssh -i FILE in COMMAND',
  },
  {
    pattern: /^Host key verification failed/,
    reason: 'its host key is not known, or not the one that is known',
    remedy: 'log in there once by hand',
  },
]

/** What may well be over in a minute: a guest that boots. */
const causes = /^ssh: connect to host|^ssh: Could not resolve|^kex_exchange_identification|^Connection (?:closed|reset)/

const noSysdig: StderrMeaning = {
  kind: 'refused',
  reason: 'there is no sysdig in this guest',
  remedy: 'in the guest: apt-get install sysdig falcosecurity-scap-dkms "linux-headers-$(uname -r)"',
}

/** Words of what leads into a guest; undefined for those of anybody else. */
export function wayInMeaning(line: string): StderrMeaning | undefined {
  if (line.startsWith('Pseudo-terminal will not be allocated')) return { kind: 'ignored' }
  if (causes.test(line)) return { kind: 'cause', reason: line }
  return refusalOf(line, refusals)
}

function readGuestStderr(line: string): StderrMeaning {
  const word = readGuestWord(line)
  if (word?.kind === 'introduced') return word
  if (word?.kind === 'cost') return word
  if (word?.kind === 'no-sysdig') return noSysdig
  const onTheWay = wayInMeaning(line)
  if (onTheWay !== undefined) return onTheWay
  const meaning = readSysdigStderr(line)
  if (meaning.kind !== 'refused') return meaning
  const remedy = meaning.remedy.replace(/,? or --engine bpftrace/, '').replace(/^sudo whylate .*/, 'be root there')
  return { ...meaning, remedy: `in the guest: ${remedy}` }
}

/** What all that is reached by a way into a guest has in common. */
export function wayInSpec(way: GuestCommand) {
  const { argv, isStream } = way
  return {
    process: programOf(way),
    version: '',
    detail: programOf(way),
    argv: isStream ? argv : ([...argv, 'sh'] as const),
    // A terminal is out of its reach already; no window may open either.
    env: { SSH_ASKPASS_REQUIRE: 'never' },
    killAfterMs: 2000,
    restart: patient,
    poke: undefined,
    waitsFor: undefined,
  } satisfies Partial<ToolSpec>
}

export function guestSpec(guest: GuestCommand): ToolSpec {
  const { name, isStream } = guest
  return {
    ...wayInSpec(guest),
    probe: 'sysdig',
    part: name,
    tool: 'sysdig',
    // A guest under load takes its time to start sysdig. Then it speaks with each beat; one that only brings a stream
    // speaks whenever 8 KiB are full.
    silence: {
      firstMs: 60_000,
      afterMs: isStream ? 20_000 : 3000,
      restarts: false,
      restartsAfterMs: isStream ? 300_000 : 120_000,
    },
    lifeline: { script: isStream ? '' : guestScript(), beatMs: isStream ? Infinity : guestBeatMs, beat: guestBeat },
    readStderr: readGuestStderr,
  }
}
