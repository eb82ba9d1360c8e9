// Nothing that the host names reaches a terminal as anything but text.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printable } from '../../src/report/printable.ts'

test.each([
  ['a clipboard', '\u001B]52;c;cm0=\u0007', String.raw`\x1b]52;c;cm0=\x07`],
  ['a link', '\u001B]8;;http://x/\u001B\\y', String.raw`\x1b]8;;http://x/\x1b\y`],
  ['a colour', '\u001B[31mred', String.raw`\x1b[31mred`],
  ['a C1 control', '\u009B2J', String.raw`\x9b2J`],
  ['line ends and tabs', 'a\r\n\tb', String.raw`a\x0d\x0a\x09b`],
  ['line separators', 'a\u2028b\u2029', String.raw`a\u{2028}b\u{2029}`],
  ['a turned writing direction', '\u202Egpj.exe', String.raw`\u{202e}gpj.exe`],
  ['isolates', '\u2066a\u2069', String.raw`\u{2066}a\u{2069}`],
  ['a joiner', 'a\u200Db', String.raw`a\u{200d}b`],
  ['a lone surrogate', '\uD800', String.raw`\u{d800}`],
  ['private use', '\uE000', String.raw`\u{e000}`],
  ['a noncharacter', '\uFFFF', String.raw`\u{ffff}`],
  ['a variation selector', '❤\uFE0F', String.raw`❤\u{fe0f}`],
  ['invisible fillers', 'a\u3164\u115F\uFFA0b', String.raw`a\u{3164}\u{115f}\u{ffa0}b`],
  ['a tag', 'a\u{E0041}', String.raw`a\u{e0041}`],
  ['emoji, wide or not', '😀', String.raw`\u{1f600}`],
  ['a flag', '🇩🇪', String.raw`\u{1f1e9}\u{1f1ea}`],
  ['a keycap', '1\u20E3', String.raw`1\u{20e3}`],
  ['vowels that melt', '\u1112\u1161', String.raw`ᄒ\u{1161}`],
  ['a mark without a letter', '\u0301a', String.raw`\u{301}a`],
  ['a mark on a blank', 'a \u0301', String.raw`a \u{301}`],
  ['a pile of marks', 'z\u0300\u0301\u0302\u0303', 'z\u0300\u0301\u0302\\u{303}'],
])('%s is written out', (_what, text, shown) => {
  expect(printable(text)).toBe(shown)
})

test.each([
  'qemu-system-x86',
  'Größe',
  'café',
  'cafe\u0301',
  'файл',
  'ファイル',
  '한글',
  'नमस्ते',
  'ไฟล์',
  '│█●',
  '/var/log/a b',
])('%s stays as it is', (name) => {
  expect(printable(name)).toBe(name)
})

test('whatever comes in, no control, format or unpaired character comes out', () => {
  const units = fc.array(fc.oneof(fc.nat(0xffff), fc.nat(0x2ff), fc.constantFrom(0x1b, 0x9b, 0x202e, 0x200d, 0x301)))
  fc.assert(
    fc.property(units, (codes) => {
      const shown = printable(String.fromCharCode(...codes))
      expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u)
      expect(printable(shown)).toBe(shown)
    }),
    { numRuns: 2000 },
  )
})

test('64 KiB of marks are not 64 KiB of marks', () => {
  expect(printable('a' + '\u0301'.repeat(65_536)).replaceAll('\\u{301}', '')).toBe('a\u0301\u0301\u0301')
})
