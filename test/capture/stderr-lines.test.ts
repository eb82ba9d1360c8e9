import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLineReader } from '../../src/capture/stderr-lines.ts'

function linesOf(chunks: readonly Uint8Array[]): string[] {
  const lines: string[] = []
  const reader = createLineReader((text) => void lines.push(text))
  for (const chunk of chunks) reader.push(chunk)
  reader.end()
  return lines
}

test('lines come whole, however the bytes are split', () => {
  const text = fc.array(fc.string({ unit: 'grapheme', maxLength: 30 }).map((line) => line.replace(/[\r\n]/g, '')))
  fc.assert(
    fc.property(text, fc.array(fc.nat(200)), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
      const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
      const chunks = at.slice(1).map((to, index) => bytes.subarray(at[index], to))
      expect(linesOf(chunks)).toEqual(lines.filter((line) => line !== ''))
    }),
  )
})

test('a line that is too long is cut, and the next one is whole', () => {
  const lines = linesOf([Buffer.from('x'.repeat(10_000)), Buffer.from(`${'y'.repeat(9000)}\nnext\n`)])
  expect(lines).toEqual(['x'.repeat(4096), 'next'])
})

test('a last line without a line feed, a carriage return and bad UTF-8 are taken', () => {
  expect(linesOf([Buffer.from('one\r\n\n'), Buffer.from([0xff, 0x61])])).toEqual(['one', '\ufffda'])
})
