// The administrative gate: the advert comes from a new process, and who told the old one to end.

import { instantOf, second, type Instant } from '../../time/instant.ts'
import { signalName } from '../life-facts.ts'
import type { Ruling } from './ruling.ts'
import { lengthOf } from './stretches.ts'
import { previousIdOf, whenOf, type Subject } from './subject.ts'

const endingSignals = new Set([1, 2, 9, 15])

interface Order {
  readonly at: Instant
  readonly signal: number
  readonly to: number
  readonly by: { readonly pid: number; readonly comm: string } | undefined
}

const isKeepalived = (name: string): boolean => name.startsWith('keepalived')

/**
 * Who told the sender to end or to reload. keepalived's parent hands a signal on to its children, so the order may stand
 * at either. Another keepalived of this host may be told to end at the same time: without a signal to the sender's own
 * process only an order that no other competes with counts.
 */
function orderOf(subject: Subject): Order | undefined {
  const { late, store, sender } = subject
  const range = { from: instantOf(late.previousAt - second), to: late.at }
  const isStillAtWork = (pid: number): boolean =>
    store.calls
      .slices({ from: late.at, to: instantOf(late.at + 2 * second) })
      .some(({ cells, from, to }) => cells.pid.subarray(from, to).includes(pid))
  const orders = store.signals.rows(range).flatMap((row): Order[] => {
    const isOne = row.to === sender?.pid || isKeepalived(store.names.textOf(row.toName))
    if (!endingSignals.has(row.signal) || !isOne) return []
    if (row.signal !== 1 && isStillAtWork(row.to)) return []
    const by = row.from > 0 ? { pid: row.from, comm: store.names.textOf(row.fromName) } : undefined
    return [{ at: row.at, signal: row.signal, to: row.to, by }]
  })
  const own = orders.filter((one) => one.to === sender?.pid)
  const parents = new Set(own.flatMap(({ by }) => (by !== undefined && isKeepalived(by.comm) ? [by.pid] : [])))
  const ours = orders.filter((one) => one.to === sender?.pid || parents.has(one.to))
  const fromOutside = (one: Order): boolean => one.by !== undefined && !isKeepalived(one.by.comm)
  const rivals = new Set(orders.filter(fromOutside).map((one) => one.to))
  const known = ours.length > 0 ? ours : rivals.size < 2 ? orders : []
  return known.find(fromOutside) ?? known.find((one) => one.by !== undefined) ?? known[0]
}

export function administrative(subject: Subject): Ruling | undefined {
  const { late, flow, sender, lateness } = subject
  if (late.wire !== 'W8') return undefined
  const order = orderOf(subject)
  const by = order?.by
  const isOwn = by === undefined || isKeepalived(by.comm)
  const told = order === undefined ? undefined : `${signalName(order.signal)} to keepalived (${order.to})`
  // A hung process that somebody restarts was late before that, and for another reason.
  const before = order === undefined ? 0 : order.at - lateness.from
  const isAfterwards = before > Math.max(second, 0.3 * lengthOf(lateness))
  return {
    cause: 'planned',
    confidence: isAfterwards ? 'possible' : 'likely',
    summary: `keepalived itself was restarted or reloaded${told === undefined ? '' : ` (${told}${isOwn ? '' : ` by ${by.comm} (${by.pid})`})`}: a new process, not a late one.`,
    culprit: isOwn
      ? {
          kind: 'process',
          pid: sender?.kind === 'keepalived' ? sender.pid : undefined,
          comm: 'keepalived',
          name: 'keepalived',
        }
      : { kind: 'process', pid: by.pid, comm: by.comm, name: by.comm },
    evidence: [
      `the IPv4 ID began anew (${previousIdOf(subject)} → ${late.advert.ipId ?? '?'}), and keepalived counts it in each process from 1`,
      ...(order === undefined || told === undefined
        ? []
        : [`${told}${by === undefined ? '' : ` by ${by.comm} (${by.pid})`}, ${whenOf(subject, order.at)}`]),
      ...(isAfterwards
        ? ['its advert was overdue before it was told to: what held it up until then is not known']
        : []),
    ],
    settledBy: [`journalctl -t Keepalived -t Keepalived_vrrp: the restart of ${flow.source}, and who asked for it`],
  }
}
