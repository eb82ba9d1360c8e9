// The gate of the sends that the sender's own kernel turned down: built in time, and refused before they were on any link.
//
//   sendmsg = -EPERM, -EPERM, ...    the timer ran on, and each advert was refused: netfilter, conntrack
//   sendmsg = -ENETUNREACH, silence  the interface went: keepalived sends its farewell in vain and waits in FAULT
//
// Sources: kernel net/ipv4/raw.c (errors of ip_output come back to the caller), keepalived vrrp_send_adv ("send advert
// error"), keepalived vrrp_state_fault_rx.

import { formatSpan } from '../../time/format.ts'
import { instantOf, millisecond, second, spanOf } from '../../time/instant.ts'
import { networkChanges } from './actors.ts'
import type { Ruling } from './ruling.ts'
import { sendsInGap, type Send } from './sends.ts'
import { previousIdOf, whenOf, type Subject } from './subject.ts'

/** What an error of sendmsg means for an advert: its name, and why in words. */
const errors: Readonly<Record<number, readonly [name: string, why: string]>> = {
  1: ['EPERM', 'a local firewall drops it'],
  11: ['EAGAIN', 'the socket’s buffer was full'],
  19: ['ENODEV', 'its interface was gone'],
  22: ['EINVAL', 'its source address was gone'],
  99: ['EADDRNOTAVAIL', 'its source address was gone'],
  100: ['ENETDOWN', 'its interface was down'],
  101: ['ENETUNREACH', 'its interface was down, or had lost its address'],
  105: ['ENOBUFS', 'its interface dropped it, or had no room for it'],
  113: ['EHOSTUNREACH', 'the peer cannot be reached'],
}

/** Of this very flow, by the IPv4 IDs that are missing: where the data of the calls was seen. */
function sendsById({ late, evidence }: Subject, previousId: number): Send[] {
  const between = Math.min(64, (late.ipIdStep ?? 1) - 1)
  return Array.from({ length: Math.max(0, between) }, (_, i) =>
    evidence.issued?.({ ...late.advert, ipId: (previousId + 1 + i) % 65_536 }),
  ).filter((one): one is Send => one !== undefined && one.at > late.previousAt && one.at < late.at)
}

export function rejected(subject: Subject): Ruling | undefined {
  const { late, flow, sender } = subject
  if (!/^W[13]/.test(late.wire)) return undefined
  const byId = sendsById(subject, previousIdOf(subject))
  const sends = byId.length > 0 ? byId : sendsInGap(subject)
  const refused = sends.filter((send) => send.result < 0)
  const [first] = refused
  // What was sent in between and is not here was lost behind the socket; who was late with the first one, was late before.
  if (first === undefined || sends.some((send) => send.result > 0 && send.at > first.at)) return undefined
  const due = Math.max(late.dueAt, late.previousAt + flow.interval)
  if (first.at > due + Math.max(0.1 * flow.interval, 50 * millisecond)) return undefined
  const [name, why] = errors[-first.result] ?? [`error ${-first.result}`, 'its network stack refused it']
  const built = (late.ipIdStep ?? 1) - 1
  const isEach = refused.length >= Math.max(1, late.missed)
  const before = { from: instantOf(late.previousAt - 0.5 * second), to: instantOf(first.at) }
  const times = refused.length === 1 ? 'once' : `${refused.length} times`
  return {
    cause: 'rejected-locally',
    confidence: isEach || built > 0 ? 'likely' : 'possible',
    summary: isEach
      ? `Not late but refused: the sender’s kernel turned down ${sender?.comm ?? 'keepalived'}’s send ${times} with ${name}: ${why}.`
      : `Refused, then silent: the sender’s kernel turned down ${sender?.comm ?? 'keepalived'}’s send with ${name} (${why}), and it sent nothing for ${formatSpan(spanOf(late.at - first.at))}.`,
    culprit: { kind: 'link', pid: undefined, comm: undefined, name: flow.link },
    evidence: [
      `sendmsg on its VRRP socket returned -${name} ${times}, first ${whenOf(subject, first.at)}`,
      ...networkChanges(subject, before, 'before'),
    ],
    settledBy: [
      'where keepalived runs: ip -d addr; ip -s link; nft list ruleset; iptables -S OUTPUT; sysctl net.netfilter.nf_conntrack_count',
      'journalctl -t Keepalived_vrrp: "send advert error", "Entering FAULT STATE"',
    ],
  }
}
