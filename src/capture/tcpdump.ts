// tcpdump: which adverts were on the wire, and when? Binary pcap on stdout, one process, its counters on stderr.
//
// Quirks (tcpdump 4.99.3, libpcap 1.10.3):
// * `-U` alone lags by a second; with `--immediate-mode` a packet is here 0.3 ms after its stamp.
// * SIGUSR1 makes it print its counters and go on. Before its handler is in place SIGUSR1 would kill it: see child.ts.
// * An interface that goes down is silence, no error; one that is removed ends it (`The interface disappeared`).
// * `-i any` is "Linux cooked v2": no `vlan` in filters, and only the number of the interface, not its name. The
//   kernel takes the outer tag off a received frame before `any` sees it, so a tagged advert that comes in does match,
//   without its VLAN id. Adverts in two tags, or sent with a tag in the frame, need their interface named.
// * Debian's build drops to user tcpdump once the socket is open. We leave it so (no `-Z root`): it writes to a pipe.
// * Reads fine through `nsenter --net=`, which changes no mount: /sys keeps showing the host's interfaces.

import { existsSync } from 'node:fs'
import { patient, refusalOf, type KnownRefusal, type StderrMeaning, type ToolSpec } from './tool-spec.ts'

const vrrp = ['ip proto 112', 'ip proto 51', 'ip6 proto 112', 'ip6 proto 51']
/** Of the same guests: silence of everything is another thing than silence of the adverts. */
const liveness = ['arp', 'icmp', 'icmp6']

const anyOf = (terms: readonly string[]): string => terms.join(' or ')

/** After `vlan` the offsets of all that follows are moved, so the tagged forms come last, the doubly tagged inside. */
function withTags(terms: readonly string[]): string {
  const untagged = anyOf(terms)
  return `${untagged} or (vlan and (${untagged} or (vlan and (${untagged}))))`
}

/** `own`: the user's filter, for another heartbeat than VRRP. It stands alone: each packet of it is one heartbeat. */
export function captureFilter(link: string, own?: string): string {
  if (own !== undefined) return own
  const terms = [...vrrp, ...liveness]
  return link === 'any' ? anyOf(terms) : withTags(terms)
}

const refusals: readonly KnownRefusal[] = [
  {
    pattern: /You don't have permission to (?:perform this capture|capture)|Operation not permitted/,
    reason: 'no permission to capture packets',
    remedy: 'sudo whylate …, or once: setcap cap_net_raw,cap_net_admin+eip "$(readlink -f "$(command -v tcpdump)")"',
  },
  {
    pattern: /can't parse filter expression|no VLAN support|syntax error/,
    reason: 'it does not understand the filter',
    remedy: 'correct --filter; tcpdump -y EN10MB -d FILTER tests one (vlan needs one named interface: -i)',
  },
  {
    pattern: /Couldn't find user|Couldn't change (?:to|user)/,
    reason: 'the user that it drops its privileges to does not exist',
    remedy: 'adduser --system --no-create-home tcpdump',
  },
  {
    pattern: /Can't create rx ring|Cannot allocate memory|invalid packet buffer size/,
    reason: 'no memory for its ring buffer (8 MiB)',
    remedy: 'free some memory, or raise the limit of locked memory (ulimit -l)',
  },
  {
    pattern: /unrecognized option|invalid option/,
    reason: 'this tcpdump is too old for --immediate-mode or nanosecond stamps',
    remedy: 'apt-get install tcpdump (4.9 or later), or --tcpdump PATH',
  },
]

export function readTcpdumpStderr(line: string): StderrMeaning {
  const drops = /^(?:tcpdump: .*, )?(?<n>\d+) packets? dropped by kernel/.exec(line)?.groups?.['n']
  if (drops !== undefined) return { kind: 'drops', total: Number(drops) }
  if (/listening on |data link type |packets? (?:captured|received by filter|dropped by interface)$/.test(line))
    return { kind: 'ignored' }
  if (/^tcpdump: verbose output suppressed|^\(.*\)$/.test(line)) return { kind: 'ignored' }
  const refusal = refusalOf(line, refusals)
  if (refusal !== undefined) return refusal
  const cause = causeOf(line.replace(/^tcpdump: (?:pcap_loop: )?/, ''))
  return cause === undefined ? { kind: 'said' } : { kind: 'cause', reason: cause }
}

function causeOf(text: string): string | undefined {
  if (/No such device exists|No such device/.test(text)) return `there is no interface of that name (${text})`
  if (/is not up|went down|Network is down/.test(text)) return 'the interface is down'
  if (/disappeared/.test(text)) return 'the interface was removed'
  return undefined
}

export interface TcpdumpOptions {
  readonly path: string
  readonly version: string
  /** One interface, or `any`. */
  readonly link: string
  readonly filter: string | undefined
  /** A name under /run/netns; its path was checked. */
  readonly netnsPath: string | undefined
  /** Prefix of the argv that enters the namespace. */
  readonly enter: readonly [string, ...string[]] | undefined
}

export function tcpdumpSpec(options: TcpdumpOptions): ToolSpec {
  const { link, netnsPath } = options
  const flags = ['-n', '-U', '--immediate-mode', '--time-stamp-precision=nano', '-B', '8192', '-s', '256', '-w', '-']
  const own = ['-i', link, ...flags, captureFilter(link, options.filter)]
  return {
    probe: 'tcpdump',
    part: '',
    tool: 'tcpdump',
    version: options.version,
    detail: `on ${link}${netnsPath === undefined ? '' : ` in ${netnsPath}`}`,
    argv: options.enter === undefined ? [options.path, ...own] : [...options.enter, options.path, ...own],
    env: { LC_ALL: 'C', TZ: 'UTC' },
    killAfterMs: 1000,
    restart: patient,
    // No packet for an hour is news about the network, not about tcpdump.
    silence: undefined,
    poke: { signal: 'SIGUSR1', everyMs: 1000 },
    waitsFor: () => obstacleOf(link, netnsPath),
    readStderr: readTcpdumpStderr,
  }
}

/** In a namespace of its own /sys does not show the links: there the attempt itself tells. */
function obstacleOf(link: string, netnsPath: string | undefined): string | undefined {
  if (netnsPath !== undefined) return existsSync(netnsPath) ? undefined : `the namespace ${netnsPath} is gone`
  if (link === 'any' || !existsSync('/sys/class/net') || existsSync(`/sys/class/net/${link}`)) return undefined
  return `the interface ${link} is gone; it goes on when it is back`
}
