// Puts frames on the terminal: of each one only the rows that differ from what stands there.
//
// This is the one stage that is not left to Ink 6.8. From a tree of <Text> to bytes it cuts every line of the screen into
// characters, each an object with its styles, lays them into a grid and joins them again, in every frame and however little of
// it changed: 20 ms of CPU at 120 × 40, against half a millisecond for the frame itself. No choice of components or options
// avoids that stage, and where all CPUs are taken a key waits for it many times over. Our rows have their widths already and
// never wrap: there is nothing to lay out. A row is written whole, so that a terminal which thinks otherwise of the width
// of some character is wrong in that row only.

import type { Row } from './cells.ts'
import type { Frame } from './frame.ts'
import type { Palette } from './palette.ts'

export interface Painter {
  paint(frame: Frame): void
  /** What stands on the screen is not ours any more: the next frame is written in full. */
  forget(): void
}

const escape = '\u001B'
const plain = `${escape}[m`
const eraseToEnd = `${escape}[K`
/** A terminal that knows these shows a frame in one piece; the others ignore them. */
const begin = `${escape}[?2026h`
const end = `${escape}[?2026l`
/** Names were made printable where they came in (report/printable.ts); this is the net under that. */
const control = /\p{Cc}/gu

/** Its text with the fewest changes of style. Ends plain, so that what is erased behind it is. */
function lineOf(row: Row, palette: Palette): string {
  let line = ''
  let style = ''
  for (const { text, meaning } of row) {
    const wanted = palette(meaning)
    if (wanted !== style) line += wanted === '' ? plain : `${escape}[${style === '' ? '' : '0;'}${wanted}m`
    style = wanted
    line += text.replace(control, '?')
  }
  return style === '' ? line : line + plain
}

export function createPainter(write: (text: string) => void, palette: Palette): Painter {
  let shown: readonly string[] = []
  return {
    paint({ rows }) {
      const lines = rows.map((row) => lineOf(row, palette))
      let changes = ''
      for (const [index, line] of lines.entries())
        if (line !== shown[index]) changes += `${escape}[${index + 1}H${line}${eraseToEnd}`
      // Rows that are no more.
      for (let index = lines.length; index < shown.length; index++) changes += `${escape}[${index + 1}H${eraseToEnd}`
      shown = lines
      if (changes !== '') write(begin + changes + end)
    },
    forget() {
      shown = []
    },
  }
}
