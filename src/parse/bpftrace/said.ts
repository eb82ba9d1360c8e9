// What bpftrace says besides the script's own lines, on stdout or stderr, and what it means to us.
//
//   Lost 1394 events                       the ring between kernel and bpftrace was full
//   ERROR: ... couldn't set RLIMIT_MEMLOCK without CAP_SYS_RESOURCE; it then works (0.17)
//   Attaching 16 probes...                 without -q

export type Said =
  | { readonly kind: 'lost'; readonly events: number }
  /** It says that it cannot run, or not as asked. */
  | { readonly kind: 'failure'; readonly text: string }
  | { readonly kind: 'harmless' }

const lost = /^Lost (?<events>\d{1,15}) events$/
const harmless =
  /couldn't set RLIMIT_MEMLOCK|^Attaching \d+ probes|^WARNING: Addrspace is not set|^$|^@[a-z]*(?:\[.*)?: |^\s*~+$/
const failure = /^(?:ERROR|FATAL)\b|:\d+(?:-\d+)?: ERROR: |Kernel lockdown|^bpftrace currently only supports running as/

/** undefined: none of bpftrace's own sentences that we know. */
export function parseBpftraceSaid(line: string): Said | undefined {
  const events = lost.exec(line)?.groups?.['events']
  if (events !== undefined) return { kind: 'lost', events: Number(events) }
  if (harmless.test(line)) return { kind: 'harmless' }
  return failure.test(line) ? { kind: 'failure', text: line } : undefined
}
