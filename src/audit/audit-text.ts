// The audit as text for a terminal or a ticket: what delays adverts first, what is fine last and short.

import { hostText, padEnd } from '../report/display-width.ts'
import { indented } from '../report/plain.ts'
import { counted, longestText } from '../report/words.ts'
import type { Audit } from './audit.ts'
import { consistencyOf, type Consistency, type Measured } from './consistency.ts'
import { grades, type Finding, type Grade } from './finding.ts'

export interface Held {
  /** Raw path. */
  readonly bundle: string
  readonly measured: readonly Measured[]
}

const safe = (raw: string): string => hostText(raw, longestText)

export function consistencySentence(consistency: Consistency): string {
  const { of } = consistency
  switch (consistency.kind) {
    case 'consistent':
      return `CONSISTENT: ${consistency.late} of ${counted(of, 'late advert')} had a cause that this makes`
    case 'not-consistent':
      return `NOT CONSISTENT: ${of === 1 ? 'the late advert' : `all ${of} late adverts`} had another cause`
    case 'open':
      return `OPEN: the cause of ${consistency.undecided} of ${counted(of, 'late advert')} was not decided, and none had a cause that this makes`
  }
}

const titles: Readonly<Record<Grade, string>> = {
  risk: 'RISK: delays adverts by itself',
  note: 'NOTE: delays adverts together with something else',
  unseen: 'UNSEEN: nothing can be said of it',
  fine: 'FINE',
}

const row = (name: string, text: string): string[] => indented(`${padEnd(name, 10)}${text}`, 14, 4)

function findingLines(one: Finding, held: Held | undefined): string[] {
  const consistency = held === undefined ? undefined : consistencyOf(one, held.measured)
  return [
    ...indented(`${safe(one.subject)}: ${safe(one.says)}`, 4, 2),
    ...one.read.flatMap(({ where, value }) => row('read', `${safe(where)}: ${safe(value)}`)),
    ...(one.why === undefined ? [] : row('why', one.why)),
    ...(one.source === undefined ? [] : row('source', one.source)),
    ...(one.change === undefined ? [] : row('change', safe(one.change))),
    ...(consistency === undefined ? [] : row('measured', consistencySentence(consistency))),
    '',
  ]
}

const fineLine = (one: Finding): string[] => indented(`${safe(one.subject)}: ${safe(one.says)}`, 4, 2)

export function formatAudit(host: string, audit: Audit, held: Held | undefined): string {
  const { findings, guests, routers } = audit
  const groups = grades.map((grade) => [grade, findings.filter((one) => one.grade === grade)] as const)
  return [
    ...indented(
      `whylate audit of ${hostText(host, 60)}: ${counted(guests, 'guest')}, ${counted(routers, 'keepalived', 'keepalived')}, ${counted(findings.length, 'setting')} looked at. Nothing was changed.`,
      2,
      0,
    ),
    ...(held === undefined
      ? []
      : indented(`Held against ${safe(held.bundle)}: ${counted(held.measured.length, 'late advert')}.`, 2, 0)),
    '',
    ...groups.flatMap(([grade, found]) => {
      if (found.length === 0) return []
      const lines = grade === 'fine' ? found.flatMap(fineLine) : found.flatMap((one) => findingLines(one, held))
      return [titles[grade], ...lines, ...(grade === 'fine' ? [''] : [])]
    }),
  ].join('\n')
}
