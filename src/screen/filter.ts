// Which late adverts are listed: a few terms, all of which must hold.
//
//   flow=205              its VRID, source, link or id, as in `report --flow`
//   cause=sender-stopped  conf=certain  wire=W1       what the verdict and the wire say
//   late>1s  late<50ms    how late
//   proc=rsyslogd         a process with a fact in its window, by a part of its name or by its pid
//   lat>50ms              with a fact so long; with proc=: one of that process
//   takeover              a takeover followed
//
// `!=` turns an `=` around. proc= and lat> hold in the window, too: of its facts those are listed that fit.

import { causes, confidences } from '../diagnose/explanation.ts'
import type { Fact, LateAdvert } from '../diagnose/finding.ts'
import type { Actor, LateDigest } from '../diagnose/late-digest.ts'
import { latenessOf } from '../diagnose/lateness.ts'
import { isOfFlow } from '../report/selection.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import { between, spanOf } from '../time/instant.ts'

interface TextTerm {
  readonly kind: 'text'
  readonly name: TextName
  readonly value: string
  readonly isNot: boolean
}

interface SpanTerm {
  readonly kind: 'span'
  readonly name: 'late' | 'lat'
  readonly ns: number
  readonly isMore: boolean
}

type Term = TextTerm | SpanTerm | { readonly kind: 'takeover' }

export interface Filter {
  /** As it was typed. */
  readonly text: string
  readonly terms: readonly Term[]
}

const textNames = ['flow', 'vrid', 'cause', 'conf', 'wire', 'proc'] as const
type TextName = (typeof textNames)[number]
const wires = ['W1', 'W1+', 'W1-', 'W2', 'W3', 'W4r', 'W6', 'W7', 'W8', 'W10'] as const

/** What can be typed before a value is known, in the order in which it is offered. */
export const termForms = [...textNames.map((name) => `${name}=`), 'late>', 'lat>', 'takeover'] as const

const termPattern = /^(?<name>[a-z]+)(?<sign>!=|=|>|<)(?<value>.*)$/
const spanPattern = /^(?<count>\d{1,9}(?:\.\d{1,9})?)(?<unit>us|µs|ms|s|m|h)?$/
const units: Readonly<Record<string, number>> = { us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }

/** Values that only some words can be. */
const known: Partial<Record<TextName, readonly string[]>> = { cause: causes, conf: confidences, wire: wires }

const isTextName = (name: string): name is TextName => (textNames as readonly string[]).includes(name)

function textTerm(name: TextName, sign: string, value: string): Term | string {
  if (value === '') return `${name}= needs a value behind it.`
  if (sign === '>' || sign === '<') return `${name} is a word: write ${name}=${value}.`
  if (name === 'vrid' && !/^\d{1,3}$/.test(value)) return 'vrid= needs a number from 1 to 255.'
  const words = known[name]
  const word = words?.find((one) => one.toLowerCase() === value.toLowerCase())
  if (words !== undefined && word === undefined) return `${name}=${value} is none of: ${words.join(', ')}.`
  return { kind: 'text', name, value: word ?? value, isNot: sign === '!=' }
}

function spanTerm(name: 'late' | 'lat', sign: string, value: string): Term | string {
  const match = spanPattern.exec(value)?.groups
  if (match === undefined) return `${name}${sign}${value} needs a length of time, such as ${name}>50ms.`
  if (sign !== '>' && sign !== '<') return `${name} is a length of time: write ${name}>${value} or ${name}<${value}.`
  return {
    kind: 'span',
    name,
    ns: Number(match['count']) * (units[match['unit'] ?? 'ms'] ?? 1e6),
    isMore: sign === '>',
  }
}

function parseTerm(word: string): Term | string {
  if (word === 'takeover') return { kind: 'takeover' }
  const match = termPattern.exec(word)?.groups
  const { name = '', sign = '', value = '' } = match ?? {}
  if (name === 'late' || name === 'lat') return spanTerm(name, sign, value)
  if (isTextName(name)) return textTerm(name, sign, value)
  return match === undefined
    ? `${word} is no term: write proc=${word}, flow=${word} or cause=${word}.`
    : `There is no ${name}: there are ${termForms.join(' ')}.`
}

/** A filter, or the sentence that says what is wrong; undefined for no term at all, which lists everything. */
export function parseFilter(text: string): Filter | string | undefined {
  const words = text.split(/\s+/).filter((word) => word !== '')
  if (words.length === 0) return undefined
  const terms: Term[] = []
  for (const word of words) {
    const term = parseTerm(word)
    if (typeof term === 'string') return term
    terms.push(term)
  }
  return { text: words.join(' '), terms }
}

const isActor = (actor: Actor, value: string): boolean =>
  String(actor.pid) === value || actor.comm.toLowerCase().includes(value.toLowerCase())

function holdsText({ name, value }: TextTerm, late: LateAdvert, digest: LateDigest | undefined): boolean {
  const { link, source, vrid } = late.advert
  switch (name) {
    case 'flow':
      return isOfFlow({ id: late.flow, link, source, vrid }, value)
    case 'vrid':
      return String(vrid) === value
    case 'wire':
      return late.wire === value || (value === 'W1' && late.wire.startsWith('W1') && late.wire !== 'W10')
    case 'cause':
      return digest?.cause === value
    case 'conf':
      return digest?.confidence === value
    case 'proc':
      return digest?.actors.some((actor) => isActor(actor, value)) ?? false
  }
}

const isBeyond = ({ ns, isMore }: SpanTerm, span: number): boolean => (isMore ? span > ns : span < ns)

function holdsSpan(term: SpanTerm, late: LateAdvert, digest: LateDigest | undefined, terms: readonly Term[]): boolean {
  if (term.name === 'late') return isBeyond(term, latenessOf(late))
  const wanted = terms.find((one) => one.kind === 'text' && one.name === 'proc' && !one.isNot)
  const actors = digest?.actors ?? []
  const own = wanted?.kind === 'text' ? actors.filter((actor) => isActor(actor, wanted.value)) : actors
  return own.some((actor) => isBeyond(term, actor.longest))
}

function fits(late: LateAdvert, digest: LateDigest | undefined, { terms }: Filter): boolean {
  return terms.every((term) => {
    switch (term.kind) {
      case 'takeover':
        return late.takeover
      case 'span':
        return holdsSpan(term, late, digest, terms)
      case 'text':
        return holdsText(term, late, digest) !== term.isNot
    }
  })
}

/** The late adverts of a snapshot that fit, oldest first. One that is not summed up yet has no cause and no process. */
export function fitting(snapshot: Snapshot, filter: Filter | undefined): readonly LateAdvert[] {
  if (filter === undefined) return snapshot.late
  const digests = new Map(snapshot.digests.map((one) => [one.number, one]))
  return snapshot.late.filter((late) => fits(late, digests.get(late.number), filter))
}

/** Whether a filter asks for facts, and not only for adverts. */
export const isAboutFacts = (filter: Filter | undefined): filter is Filter =>
  filter?.terms.some((term) => term.kind !== 'takeover' && (term.name === 'proc' || term.name === 'lat')) ?? false

/** One fact of a window: its process, and how long it took. What is asked of the advert is not asked of it. */
export function factFits({ comm = '', pid, window }: Fact, { terms }: Filter): boolean {
  return terms.every((term) => {
    if (term.kind === 'span') return term.name !== 'lat' || isBeyond(term, between(window.from, window.to))
    if (term.kind !== 'text' || term.name !== 'proc') return true
    return isActor({ comm, pid, longest: spanOf(0) }, term.value) !== term.isNot
  })
}

function valuesOf(name: string, snapshot: Snapshot): readonly string[] {
  switch (name) {
    case 'cause':
      return [...new Set(snapshot.digests.map((one) => one.cause)), ...causes]
    case 'conf':
      return confidences
    case 'wire':
      return [...new Set(snapshot.late.map((one) => one.wire))]
    case 'vrid':
      return snapshot.flows.map((flow) => String(flow.vrid))
    case 'flow':
      return snapshot.flows.flatMap((flow) => [flow.link, flow.source, String(flow.vrid)])
    case 'proc':
      return snapshot.digests.flatMap((one) => one.actors.map((actor) => actor.comm))
    default:
      return []
  }
}

/** What the last word may become: names of terms, or values that this session has. Only what can be typed as it is. */
export function completionsOf(text: string, snapshot: Snapshot): readonly string[] {
  const word = /\S*$/.exec(text)?.[0] ?? ''
  const match = termPattern.exec(word)?.groups
  const { name = '', sign = '', value = '' } = match ?? {}
  const words =
    match === undefined
      ? termForms
      : valuesOf(name, snapshot)
          .filter((one) => one.toLowerCase().startsWith(value.toLowerCase()))
          .map((one) => `${name}${sign}${one}`)
  return [...new Set(words)].filter(
    (one) => one.startsWith(match === undefined ? word : '') && /^[\x21-\x7e]+$/.test(one),
  )
}
