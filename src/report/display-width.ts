// How many columns a text takes, and how to make it take fewer: cutting, padding, wrapping. Both the screen and the
// plain text stand on it.
//
// Wide letters take two columns, combining marks none, ambiguous ones (Greek, Cyrillic, our own bars) one, as in tmux,
// xterm and Ink. Text of the host comes through printable.ts first, which leaves nothing that terminals disagree about.

import stringWidth from 'string-width'
import { printable } from './printable.ts'

const ellipsis = '…'

/** One code unit, one column, nothing to join: ASCII, Latin letters, and what our own bars and rules are made of. */
const plain = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u2026\u2190-\u2193\u2264\u2265\u2500-\u25fc]*$/
const plainAscii = /^[\x20-\x7e]*$/
/** Far beyond any path (PATH_MAX is 4096); what is not seen after both ends were looked at is marks alone. */
const longestLook = 8192

const graphemes = new Intl.Segmenter()

/** Letters come again and again, and each costs string-width microseconds. */
const knownWidths = new Map<string, number>()
const mostKnown = 10_000

function letterWidth(letter: string): number {
  if (plain.test(letter)) return letter.length
  const known = knownWidths.get(letter)
  if (known !== undefined) return known
  if (knownWidths.size >= mostKnown) knownWidths.clear()
  const width = stringWidth(letter)
  knownWidths.set(letter, width)
  return width
}

export function widthOf(text: string): number {
  if (plain.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += letterWidth(segment)
  return width
}

/** As much of the start as fits. */
function headOf(text: string, columns: number): string {
  if (plain.test(text)) return text.slice(0, Math.max(0, columns))
  let end = 0
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    used += letterWidth(segment)
    if (used > columns) break
    end += segment.length
  }
  return text.slice(0, end)
}

function tailOf(text: string, columns: number): string {
  if (plain.test(text)) return columns <= 0 ? '' : text.slice(-columns)
  let start = 0
  let width = widthOf(text)
  for (const { segment } of graphemes.segment(text)) {
    if (width <= columns) break
    width -= letterWidth(segment)
    start += segment.length
  }
  return text.slice(start)
}

/** Keeps the start. */
export function cutEnd(text: string, columns: number): string {
  if (columns <= 0) return ''
  return widthOf(text) <= columns ? text : headOf(text, columns - 1) + ellipsis
}

/** Keeps both ends: of `fsync of /var/…/syslog took 2.310 s` all that tells. The end gets the larger part. */
export function cutMiddle(text: string, columns: number): string {
  if (columns <= 0) return ''
  if (widthOf(text) <= columns) return text
  if (columns < 8) return cutEnd(text, columns)
  const head = headOf(text, Math.floor((columns - 1) * 0.45))
  return head + ellipsis + tailOf(text, columns - 1 - widthOf(head))
}

export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)))
}

export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - widthOf(text))) + text
}

/**
 * Text of the host, safe to print, in at most so many columns. A name may be 64 KiB long: only what could be shown is
 * looked at, at both ends. Nearly every letter takes a column at least; where marks pile up, a longer look is taken.
 */
export function hostText(raw: string, columns: number): string {
  if (columns <= 0) return ''
  if (raw.length <= columns && plainAscii.test(raw)) return raw
  const known = knownTexts.get(raw)?.get(columns)
  if (known !== undefined) return known
  const shown = shownOf(raw, columns)
  knownLetters += raw.length
  if (knownLetters > mostLetters) {
    knownTexts.clear()
    knownLetters = raw.length
  }
  knownTexts.set(raw, (knownTexts.get(raw) ?? new Map<number, string>()).set(columns, shown))
  return shown
}

/** The same names stand in frame after frame. */
const knownTexts = new Map<string, Map<number, string>>()
let knownLetters = 0
/** As UTF-16 at most 4 MiB. */
const mostLetters = 2 ** 21

function shownOf(raw: string, columns: number): string {
  for (const reach of [columns + 8, columns * 8 + 8]) {
    if (raw.length <= 2 * reach) break
    const ends = printable(raw.slice(0, reach)) + ellipsis + printable(raw.slice(-reach))
    if (widthOf(ends) >= 2 * columns) return cutMiddle(ends, columns)
  }
  return cutMiddle(printable(raw.slice(0, longestLook)), columns)
}

/** Lines of at most so many columns, broken at spaces where there are any. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (widthOf(longer) <= columns) {
      line = longer
      continue
    }
    if (line !== '') lines.push(line)
    line = word
    let head = headOf(line, columns)
    while (head !== '' && head.length < line.length) {
      lines.push(head)
      line = line.slice(head.length)
      head = headOf(line, columns)
    }
  }
  if (line !== '' || lines.length === 0) lines.push(line)
  return lines
}
