// The audit as text for a terminal or a ticket: what delays adverts first, what is fine last and short. What is so of several
// guests or routers alike is said once, of all of them.

import { hostText, padEnd } from '../report/display-width.ts'
import { indented } from '../report/plain.ts'
import { counted, longestText } from '../report/words.ts'
import type { Audit } from './audit.ts'
import { consistencyOf, type Consistency, type Measured } from './consistency.ts'
import { grades, type Finding, type Grade, type Reading } from './finding.ts'

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

/** The same of several: their subjects together, and each reading once. */
interface Told extends Finding {
  readonly subjects: readonly string[]
}

function toldTogether(findings: readonly Finding[]): Told[] {
  const told = new Map<string, Told>()
  for (const one of findings) {
    const key = JSON.stringify([one.id, one.grade, one.says, one.why, one.source, one.change, one.causes])
    const known = told.get(key)
    if (known === undefined) told.set(key, { ...one, subjects: [one.subject] })
    else {
      const isNew = ({ where, value }: Reading): boolean =>
        known.read.every((other) => other.where !== where || other.value !== value)
      const read = [...known.read, ...one.read.filter(isNew)]
      told.set(key, { ...known, subjects: [...known.subjects, one.subject], read })
    }
  }
  return [...told.values()]
}

/** `keepalived (812), (813)`: what they are is said once. */
function subjectsText([first = '', ...rest]: readonly string[]): string {
  const kind = first.slice(0, first.indexOf('('))
  return [first, ...rest.map((one) => (kind !== '' && one.startsWith(kind) ? one.slice(kind.length) : one))]
    .map(safe)
    .join(', ')
}

function findingLines(one: Told, held: Held | undefined): string[] {
  const consistency = held === undefined ? undefined : consistencyOf(one, held.measured)
  return [
    ...indented(`${subjectsText(one.subjects)}: ${safe(one.says)}`, 4, 2),
    ...one.read.flatMap(({ where, value }) => row('read', `${safe(where)}: ${safe(value)}`)),
    ...(one.why === undefined ? [] : row('why', one.why)),
    ...(one.source === undefined ? [] : row('source', one.source)),
    ...(one.change === undefined ? [] : row('change', safe(one.change))),
    ...(consistency === undefined ? [] : row('measured', consistencySentence(consistency))),
    '',
  ]
}

const fineLine = (one: Told): string[] => indented(`${subjectsText(one.subjects)}: ${safe(one.says)}`, 4, 2)

/** What scrolled away above; the last line is what is seen first. */
function lastLine(groups: readonly (readonly [Grade, readonly Told[]])[]): string {
  const of = (grade: Grade): number => groups.find(([one]) => one === grade)?.[1].length ?? 0
  const unseen = of('unseen') === 0 ? '' : `, ${of('unseen')} unseen`
  return `${counted(of('risk'), 'risk')}, ${counted(of('note'), 'note')}${unseen}, ${of('fine')} fine.`
}

export function formatAudit(host: string, audit: Audit, held: Held | undefined): string {
  const { findings, guests, routers } = audit
  const groups = grades.map((grade) => [grade, toldTogether(findings.filter((one) => one.grade === grade))] as const)
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
    lastLine(groups),
    '',
  ].join('\n')
}
