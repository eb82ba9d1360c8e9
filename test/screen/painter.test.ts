// Frames on a terminal: the bytes of each one, read back by a terminal.

import { Terminal } from '@xterm/headless'
import { expect, test } from 'vitest'
import { cell, type Row } from '../../src/screen/cells.ts'
import { createPainter } from '../../src/screen/painter.ts'
import { paletteOf } from '../../src/screen/palette.ts'

interface Painted {
  readonly paint: (rows: readonly Row[]) => Promise<string>
  readonly forget: () => void
  readonly screen: () => string[]
  /** The colour, bold and inverse of one place. */
  readonly look: (row: number, column: number) => string
}

function painted(hasColour = true): Painted {
  const xterm = new Terminal({ cols: 20, rows: 6, allowProposedApi: true })
  let bytes = ''
  const painter = createPainter((text) => (bytes += text), paletteOf(hasColour))
  const lineAt = (row: number) => xterm.buffer.active.getLine(row)
  return {
    async paint(rows) {
      bytes = ''
      painter.paint({ rows, pageRows: 0, scrollRows: 0 })
      await new Promise<void>((done) => xterm.write(bytes, done))
      return bytes
    },
    forget: () => painter.forget(),
    screen: () => Array.from({ length: 6 }, (_, row) => lineAt(row)?.translateToString(true) ?? ''),
    look(row, column) {
      const place = lineAt(row)?.getCell(column)
      const colour = place?.isFgPalette() === true ? place.getFgColor() : '-'
      return `${colour}${place?.isBold() === 0 ? '' : ' bold'}${place?.isInverse() === 0 ? '' : ' inverse'}`
    },
  }
}

test('only the rows that differ are written, each whole', async () => {
  const { paint, screen } = painted()
  await paint([[cell('one')], [cell('two and more')], [cell('three')]])
  const bytes = await paint([[cell('one')], [cell('2')], [cell('three')]])
  expect(bytes).toContain('2')
  expect(bytes).not.toMatch(/one|three/)
  expect(screen()).toEqual(['one', '2', 'three', '', '', ''])
  expect(await paint([[cell('one')], [cell('2')], [cell('three')]])).toBe('')
})

test('rows that are no more are erased, and what is forgotten is written again', async () => {
  const { paint, screen, forget } = painted()
  await paint([[cell('one')], [cell('two')], [cell('three')]])
  await paint([[cell('one')]])
  expect(screen()).toEqual(['one', '', '', '', '', ''])
  forget()
  expect(await paint([[cell('one')]])).toContain('one')
})

test('each cell has the look of its meaning, and none runs into the next or to the end of the row', async () => {
  const { paint, look } = painted()
  await paint([[cell('a', 'late'), cell('b', 'muted'), cell('c'), cell('d', 'cursor')], [cell('e')]])
  expect([0, 1, 2, 3, 4].map((column) => look(0, column))).toEqual(['202 bold', '244', '-', '- bold inverse', '-'])
  expect(look(1, 0)).toBe('-')
})

test('NO_COLOR leaves bold and inverse', async () => {
  const { paint, look } = painted(false)
  await paint([[cell('a', 'late'), cell('b', 'muted'), cell('c', 'cursor')]])
  expect([0, 1, 2].map((column) => look(0, column))).toEqual(['- bold', '-', '- bold inverse'])
})

test('a control character that got into a row does not get out of it', async () => {
  const { paint, screen } = painted()
  const bytes = await paint([[cell('a\u001B]52;c;x\u0007b\u009Bc\r\nd')], [cell('two')]])
  for (const raw of ['\u0007', '\u009B', '\u001B]', '\r', '\n']) expect(bytes).not.toContain(raw)
  expect(screen().slice(0, 2)).toEqual(['a?]52;c;x?b?c??d', 'two'])
})
