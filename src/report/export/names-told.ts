// Every name that an export could tell: what a redacted one has to replace wherever it stands, in sentences, too.

import type { Evidence } from '../../diagnose/evidence.ts'
import type { FinishedSession } from '../../engine/finished.ts'

type Columns = Readonly<Record<string, ArrayLike<number>>>

/** The columns that hold somebody's names, not the protocol's or the kernel's own. */
const nameColumns = {
  adverts: ['link'],
  traffic: ['link'],
  calls: ['commName', 'fileName'],
  switches: ['fromName', 'toName'],
  wakeups: ['byName'],
  processes: ['commName', 'detailName'],
  signals: ['fromName', 'toName'],
  blockRequests: ['deviceName', 'commName'],
  cpuTimes: ['commName'],
  disks: ['deviceName'],
  threads: ['commName'],
  cgroups: ['pathName'],
  inflight: ['deviceName'],
} as const

const everything = { from: -Infinity, to: Infinity } as unknown as FinishedSession

function namesIn({ store }: Evidence): string[] {
  const ids = new Set<number>()
  for (const [table, columns] of Object.entries(nameColumns)) {
    for (const { cells, from, to } of store[table as keyof typeof nameColumns].slices(everything))
      for (const column of columns) {
        const values = (cells as unknown as Columns)[column]
        for (let i = from; i < to; i++) ids.add(values?.[i] ?? 0)
      }
  }
  return [...ids].map((id) => store.names.textOf(id))
}

export function namesTold(session: FinishedSession, evidence: Evidence): Set<string> {
  const names = new Set(namesIn(evidence))
  for (const flow of session.flows) {
    const guest = evidence.guestOf?.(flow)
    if (guest === undefined) continue
    names.add(guest.name)
    for (const name of namesIn(guest.evidence)) names.add(name)
  }
  names.add(session.host)
  for (const { part } of session.blindSpots) if (part !== undefined) names.add(part)
  for (const { part, detail } of session.probes) {
    names.add(part)
    // Behind the files of a guest stands what was found of its clock.
    for (const file of (detail.split('; ')[0] ?? '').split(', ')) names.add(file)
  }
  for (const flow of session.flows) {
    names.add(flow.link)
    const sender = evidence.senderOf(flow)
    for (const one of [sender?.comm, sender?.name, flow.sender]) if (one !== undefined) names.add(one)
  }
  for (const { facts, explanation } of session.windows) {
    for (const fact of facts) if (fact.comm !== undefined) names.add(fact.comm)
    for (const one of [explanation?.culprit?.comm, explanation?.culprit?.name]) if (one !== undefined) names.add(one)
  }
  // keepalived names its instances and its scripts: `(VI_1) Entering …`, `VRRP_Script(chk_lb) failed`.
  for (const { text, file } of evidence.log?.lines ?? []) {
    names.add(file)
    for (const found of text.matchAll(
      /\((?<name>[^()\s]{2,64})\)|[`'](?<quoted>[^`']{2,64})[`']|script (?<script>\S{2,64}) /gi,
    ))
      names.add(found.groups?.['name'] ?? found.groups?.['quoted'] ?? found.groups?.['script'] ?? '')
  }
  names.delete('')
  return names
}
