// One late advert as a case: its window, its sender, which thread is which, and which sources saw that window.

import { instantOf, second, type Instant, type Window } from '../../time/instant.ts'
import type { Store } from '../../store/store.ts'
import type { Columns, Table } from '../../store/table.ts'
import type { Evidence, FlowSender } from '../evidence.ts'
import type { Flow, LateAdvert } from '../finding.ts'
import { isKept } from '../keeping.ts'
import { sampledKeepalived } from './candidates.ts'
import { guessedVcpus } from './guessed-vcpus.ts'

export type Role = 'main' | 'vcpu' | 'monitor' | 'vhost' | 'other'

export interface Subject {
  readonly late: LateAdvert
  readonly flow: Flow
  readonly evidence: Evidence
  readonly store: Store
  readonly sender: FlowSender | undefined
  /** Nobody said that it sends this flow: it is the only one there that can. */
  readonly isSenderInferred: boolean
  /** Between due and sent, the usual drift taken off: exactly as long as the overrun. */
  readonly lateness: Window
  /** From the advert before it. */
  readonly gap: Window
  readonly roles: ReadonlyMap<number, Role>
  /** No thread's name says that it is a vCPU: by their work it is these. */
  readonly isVcpuGuessed: boolean
  readonly sees: Sight
}

/** Which sources recorded something of this window: only such a source can rule anything out. */
export interface Sight {
  readonly calls: boolean
  readonly switches: boolean
  /** The kernel engine has events of the sender's own threads close to this gap. */
  readonly senderCalls: boolean
  readonly samples: boolean
  readonly cgroups: boolean
  readonly iostat: boolean
  /** Switches say why a thread left its CPU. */
  readonly reasons: boolean
}

const near = 2 * second
const blind: Sight = {
  calls: false,
  switches: false,
  senderCalls: false,
  samples: false,
  cgroups: false,
  iostat: false,
  reasons: false,
}

function hasRows<S extends Columns>(table: Table<S>, window: Window): boolean {
  return table.slices(window).length > 0
}

/** qemu names its threads (`debug-threads=on`, as libvirt starts it): `CPU 0/KVM`, `IO mon_iothread`; vhost-4711. */
export function roleOf(comm: string, isMain: boolean): Role {
  if (isMain) return 'main'
  if (/^CPU( \d|$)/.test(comm)) return 'vcpu'
  if (/^vhost-\d/.test(comm)) return 'vhost'
  return comm === 'IO mon_iothread' ? 'monitor' : 'other'
}

function rolesOf(store: Store, sender: FlowSender | undefined, around: Window): Map<number, Role> {
  const roles = new Map<number, Role>()
  if (sender === undefined) return roles
  const tids = new Set(sender.tids)
  for (const tid of tids) roles.set(tid, roleOf('', tid === sender.pid))
  const learn = (tid: number, name: number): void => {
    if (tids.has(tid) && roles.get(tid) === 'other') roles.set(tid, roleOf(store.names.textOf(name), false))
  }
  for (const { cells, from, to } of store.threads.slices(around))
    for (let i = from; i < to; i++) learn(cells.tid[i] ?? 0, cells.commName[i] ?? 0)
  for (const { cells, from, to } of store.switches.slices(around))
    for (let i = from; i < to; i++) learn(cells.from[i] ?? 0, cells.fromName[i] ?? 0)
  return roles
}

function unnamedVcpus(store: Store, roles: ReadonlyMap<number, Role>, late: LateAdvert): number[] {
  if ([...roles.values()].includes('vcpu')) return []
  const others = [...roles].filter(([, role]) => role === 'other').map(([tid]) => tid)
  return guessedVcpus(store, others, { from: instantOf(late.previousAt - 3 * second), to: late.previousAt })
}

/** `isWhole`: nothing of the lateness was left out by a flight recorder; else neither silence nor words prove anything. */
function sightOf(store: Store, sender: FlowSender | undefined, around: Window, isWhole: boolean): Sight {
  if (!isWhole) return { ...blind, iostat: hasRows(store.disks, around) }

  const tids = new Set(sender?.tids ?? [])
  let senderCalls = false
  for (const { cells, from, to } of store.calls.slices(around))
    for (let i = from; i < to && !senderCalls; i++) senderCalls = tids.has(cells.tid[i] ?? 0)
  let reasons = false
  for (const { cells, from, to } of store.switches.slices(around))
    for (let i = from; i < to && !reasons; i++) reasons = (cells.reason[i] ?? 0) > 0
  let samples = false
  for (const { cells, from, to } of store.threads.slices(around))
    for (let i = from; i < to && !samples; i++) samples = tids.has(cells.tid[i] ?? 0)
  return {
    calls: hasRows(store.calls, around),
    switches: hasRows(store.switches, around),
    senderCalls,
    samples,
    cgroups: hasRows(store.cgroups, around),
    iostat: hasRows(store.disks, around),
    reasons,
  }
}

/**
 * The only qemu in the kernel engine's recording, if no keepalived of this host can have sent it and it was at work as this
 * one left. A pcap and a scap of somebody else's host say no more than that.
 */
function inferredQemu(late: LateAdvert, evidence: Evidence): FlowSender | undefined {
  const { store } = evidence
  const pids = new Map<number, { readonly tids: Set<number>; comm: string; isAtWork: boolean }>()
  const range = { from: instantOf(late.previousAt - near), to: late.at }
  if (sampledKeepalived(late, evidence).length > 0) return undefined
  for (const { at, cells, from, to } of store.calls.slices(range)) {
    for (let i = from; i < to; i++) {
      const pid = cells.pid[i] ?? 0
      const tid = cells.tid[i] ?? 0
      const known = pids.get(pid) ?? { tids: new Set<number>(), comm: '', isAtWork: false }
      pids.set(pid, known)
      known.tids.add(tid)
      if (pid === tid) known.comm = store.names.textOf(cells.commName[i] ?? 0)
      if (late.at - (at[i] ?? 0) < 10e6) known.isAtWork = true
    }
  }
  const qemus = [...pids].filter(([, one]) => one.comm.startsWith('qemu'))
  const [only] = qemus
  if (only === undefined || qemus.length > 1 || !only[1].isAtWork) return undefined
  const [pid, { comm, tids }] = only
  return { pid, comm, name: comm, kind: 'qemu', tids: [...tids] }
}

/** `assumed`: take this one for the sender, where nobody said who it is. */
export function subjectOf(late: LateAdvert, flow: Flow, evidence: Evidence, assumed?: FlowSender): Subject {
  const { store } = evidence
  const known = evidence.senderOf(flow, late.previousAt)
  const sender = known ?? assumed ?? inferredQemu(late, evidence)
  const around = { from: instantOf(late.previousAt - near), to: instantOf(late.at + near) }
  const lateness = { from: instantOf(late.at - Math.max(0, late.overrun)), to: late.at }
  const roles = rolesOf(store, sender, around)
  const guessed = sender?.kind === 'qemu' ? unnamedVcpus(store, roles, late) : []
  for (const tid of guessed) roles.set(tid, 'vcpu')
  return {
    late,
    flow,
    evidence,
    store,
    sender,
    isSenderInferred: known === undefined && sender !== undefined,
    lateness,
    gap: { from: late.previousAt, to: late.at },
    roles,
    isVcpuGuessed: guessed.length > 0,
    sees: sightOf(store, sender, around, isKept(evidence.kept, lateness)),
  }
}

export function tidsOf(subject: Subject, role: Role): number[] {
  return [...subject.roles].filter(([, one]) => one === role).map(([tid]) => tid)
}

/** When, told from the due time as a person reads it: `1.20 s before due`. */
export function whenOf(subject: Subject, at: Instant): string {
  const distance = at - subject.lateness.from
  return `${(Math.abs(distance) / 1e9).toFixed(3)} s ${distance < 0 ? 'before' : 'after'} due`
}

/** When the flow's adverts before this one left, oldest first. */
export function sentBefore({ store, late, flow }: Subject, lookBackNs: number): Instant[] {
  const source = store.names.find(flow.source)
  const link = store.names.find(late.advert.link)
  const before = { from: instantOf(late.previousAt - lookBackNs), to: instantOf(late.at - 1) }
  return store.adverts
    .rows(before)
    .filter((row) => row.source === source && row.link === link && row.vrid === flow.vrid)
    .map((row) => row.at)
}

/** The IPv4 ID of the advert before this one. */
export const previousIdOf = ({ late }: Subject): number =>
  ((late.advert.ipId ?? 0) - (late.ipIdStep ?? 1) + 65_536) % 65_536
