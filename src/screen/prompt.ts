// The line that is typed into: where to go, what to list, a note, the form of an export. What it means is decided here;
// who carries it out is errands.ts.

import { longestMark } from '../events/mark.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import type { Instant } from '../time/instant.ts'
import { completionsOf, parseFilter, type Filter } from './filter.ts'
import { goalOf } from './go-to.ts'

export type PromptKind = 'go-to' | 'filter' | 'note' | 'export'

export interface Prompt {
  readonly kind: PromptKind
  readonly text: string
  /** When it was opened: the moment that a note is about. */
  readonly at: Instant
}

export const exportForms = ['text', 'md', 'html'] as const
export type ExportForm = (typeof exportForms)[number]

export type Answer =
  | { readonly kind: 'at'; readonly at: Instant }
  | { readonly kind: 'late'; readonly number: number }
  | { readonly kind: 'filter'; readonly filter: Filter | undefined }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'export'; readonly form: ExportForm }
  | { readonly kind: 'wrong'; readonly why: string }
  | { readonly kind: 'nothing' }

/** `at`: the moment that a note is about, where it is not the present. */
export function openPrompt(
  kind: PromptKind,
  snapshot: Snapshot,
  filter: Filter | undefined,
  at: Instant = snapshot.now,
): Prompt {
  const text = kind === 'filter' ? (filter?.text ?? '') : kind === 'export' ? 'text' : ''
  return { kind, text, at }
}

/** Of what is typed or pasted only what can be shown as it is; joiners and direction marks go, too. */
export function typed(prompt: Prompt, text: string): Prompt {
  const clean = text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '')
  return { ...prompt, text: (prompt.text + clean).slice(0, longestMark) }
}

const graphemes = new Intl.Segmenter()

export function erased(prompt: Prompt, unit: 'letter' | 'word' | 'all'): Prompt {
  const { text } = prompt
  if (unit === 'all') return { ...prompt, text: '' }
  if (unit === 'word') return { ...prompt, text: text.replace(/\S*\s*$/, '') }
  const last = [...graphemes.segment(text)].at(-1)?.segment ?? ''
  return { ...prompt, text: text.slice(0, text.length - last.length) }
}

function commonStart(words: readonly string[]): string {
  const [first = ''] = words
  let length = first.length
  for (const word of words) while (!word.startsWith(first.slice(0, length))) length--
  return first.slice(0, length)
}

/** With Tab: the text as far as it is certain, and what it may become. */
export function completed(
  prompt: Prompt,
  snapshot: Snapshot,
): { readonly prompt: Prompt; readonly choices: readonly string[] } {
  if (prompt.kind === 'export') {
    const next = exportForms[(exportForms.findIndex((one) => one === prompt.text) + 1) % exportForms.length]
    return { prompt: { ...prompt, text: next ?? 'text' }, choices: [] }
  }
  const words =
    prompt.kind === 'filter'
      ? completionsOf(prompt.text, snapshot)
      : prompt.kind === 'go-to'
        ? ['start', 'end'].filter((one) => one.startsWith(prompt.text) && prompt.text !== '')
        : []
  const [only] = words
  if (only === undefined) return { prompt, choices: [] }
  const before = prompt.text.replace(/\S*$/, '')
  const isWhole = words.length === 1 && !/[=<>]$/.test(only) && prompt.kind === 'filter'
  const text = before + (words.length === 1 ? only : commonStart(words)) + (isWhole ? ' ' : '')
  return {
    prompt: { ...prompt, text: text.length < prompt.text.length ? prompt.text : text },
    choices: words.length > 1 ? words : [],
  }
}

function goal(text: string, snapshot: Snapshot): Answer {
  return text === '' ? { kind: 'nothing' } : goalOf(text, snapshot)
}

export function answerOf({ kind, text }: Prompt, snapshot: Snapshot): Answer {
  const trimmed = text.trim()
  switch (kind) {
    case 'go-to':
      return goal(trimmed, snapshot)
    case 'note':
      return trimmed === '' ? { kind: 'nothing' } : { kind: 'note', text: trimmed }
    case 'filter': {
      const filter = parseFilter(trimmed)
      return typeof filter === 'string' ? { kind: 'wrong', why: filter } : { kind: 'filter', filter }
    }
    case 'export': {
      const form = exportForms.find((one) => one === trimmed)
      return form === undefined
        ? { kind: 'wrong', why: `${trimmed} is no form of a report: text, md or html.` }
        : { kind: 'export', form }
    }
  }
}
