// Bars, sparklines and signs, and the one ASCII character that stands for each where there is no UTF-8. One for one,
// so that a frame is made once and keeps its columns in both forms.
//
//   sparkline  ▁▁▁▁▁▂▁▁█▁▁   one column a gap, against the largest gap that is allowed
//   bar        ██████▌░░░░   a part of a whole
//   lane       ▕ ··████▌ ▏   where in the lateness a fact lies, and how much of it it covers

import type { Window } from '../time/instant.ts'
import { widthOf } from './display-width.ts'

export const glyph = {
  ok: '●',
  starting: '◌',
  warning: '▲',
  failed: '✗',
  idle: '○',
  cursor: '▶',
  sender: '◆',
  ours: '◇',
  rule: '─',
  dot: '·',
  arrow: '→',
  atLeast: '≥',
  note: '■',
  played: '━',
  position: '┃',
  unseen: '▒',
  shade: '░',
  moment: '┃',
  more: '▸',
  tick: '╵',
  coarse: '≈',
  pinned: '◆',
} as const

const levels = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const
const full = '█'
const half = '▌'
const rest = '░'
/** Good only to its sampling interval. */
const hatched = '▒'

const asciiForms: Readonly<Record<string, string>> = {
  '●': '*',
  '◌': '.',
  '▲': '!',
  '✗': 'x',
  '○': 'o',
  '▶': '>',
  '◆': '*',
  '◇': 'w',
  '─': '-',
  '·': '-',
  '→': '>',
  '←': '<',
  '≥': '>',
  '…': '~',
  '▁': '_',
  '▂': '.',
  '▃': '-',
  '▄': '=',
  '▅': '+',
  '▆': 'x',
  '▇': '%',
  '█': '#',
  '▌': '=',
  '░': '.',
  '▒': ':',
  '┃': '|',
  '■': '"',
  '━': '=',
  '▸': '>',
  '╵': "'",
  '≈': '~',
  '│': '|',
  '├': '[',
  '┤': ']',
  '▼': 'v',
  µ: 'u',
}

const graphemes = new Intl.Segmenter()

/** The same columns in ASCII. What has no form of its own, a letter of some name, becomes `?`, two where it is wide. */
export function asciiOf(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text
  return [...graphemes.segment(text)]
    .map(({ segment }) =>
      /^[\x20-\x7e]$/.test(segment) ? segment : (asciiForms[segment] ?? '?'.repeat(widthOf(segment))),
    )
    .join('')
}

/** A part of a whole, 0 to 1, in so many columns. Anything above nothing shows. */
export function barOf(share: number, columns: number): string {
  const halves = Math.round(Math.min(1, Math.max(0, share)) * columns * 2)
  const shown = share > 0 ? Math.max(1, halves) : 0
  const bar = full.repeat(Math.floor(shown / 2)) + (shown % 2 === 1 ? half : '')
  return bar + rest.repeat(Math.max(0, columns - bar.length))
}

/** The last values that fit, each against `ceiling`; a value that reaches it is a full block. */
export function sparklineOf(values: readonly number[], ceiling: number, columns: number): string {
  return values
    .slice(Math.max(0, values.length - columns))
    .map((value) => levels[Math.min(7, Math.max(0, Math.floor((value / Math.max(1, ceiling)) * 8)))] ?? full)
    .join('')
}

/** One column of a lane, 0 to 1: nothing is a blank, anything above it shows. */
export function levelOf(share: number): string {
  return share <= 0 ? ' ' : (levels[Math.min(7, Math.max(0, Math.ceil(share * 8) - 1))] ?? full)
}

/** Where `part` lies in `whole`. What only touches the outside leaves it empty. */
export function laneOf(part: Window, whole: Window, columns: number, isCoarse: boolean): string {
  const length = Math.max(1, whole.to - whole.from)
  const placeOf = (at: number): number => Math.min(1, Math.max(0, (at - whole.from) / length)) * columns
  if (part.to < whole.from || part.from > whole.to) return ' '.repeat(columns)
  const first = Math.min(columns - 1, Math.floor(placeOf(part.from)))
  const last = Math.max(first + 1, Math.ceil(placeOf(part.to) - 0.25))
  const isMoment = part.to - part.from < length / columns / 2
  const fill = isMoment ? glyph.moment : (isCoarse ? hatched : full).repeat(last - first)
  return (' '.repeat(first) + fill).padEnd(columns)
}
