// Names of the host are hostile: none of them may become a control byte, a tag, a link or a table cell of the report.

import { beforeAll, describe, expect, test } from 'vitest'
import type { FinishedSession } from '../../src/session/finished.ts'
import { formatHtml } from '../../src/report/html.ts'
import { formatJson } from '../../src/report/json.ts'
import { formatMarkdown, markdownText } from '../../src/report/markdown.ts'
import { reportOf } from '../../src/report/report.ts'
import { everything } from '../../src/report/selection.ts'
import { formatText } from '../../src/report/text.ts'
import { filesOf, importOf } from '../fixtures/report.ts'

const names = [
  '\u001b[2J\u001b]0;owned\u0007',
  '\u009b31m\u0085\u2028\u2029',
  '\u202egnp.exe\u202c',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</style></svg></title><iframe src=//evil.example>',
  '|a|b|\n| c | d |',
  '[click](javascript:alert(1)) ![x](http://evil.example/x.png)',
  '# head\n- list `code` **bold** http://evil.example www.evil.example @root',
  'a\tb\rc\0d\ud800',
]
/** Keys whose values the host chose, wherever they stand. */
const chosen = new Set([
  'comm',
  'text',
  'detail',
  'name',
  'what',
  'bridge',
  'summary',
  'because',
  'reason',
  'link',
  'sender',
  'host',
])
const lists = new Set(['evidence', 'settledBy'])

/** The same session, with every text of the host replaced by `nameOf(n)`. */
function renamed<T>(value: T, nameOf: (n: number) => string): T {
  let n = 0
  const walk = (one: unknown, key: string): unknown => {
    if (typeof one === 'string') return chosen.has(key) && one !== '' ? nameOf(n++) : one
    if (Array.isArray(one))
      return one.map((each: unknown) => (typeof each === 'string' && lists.has(key) ? nameOf(n++) : walk(each, key)))
    if (typeof one === 'object' && one !== null)
      return Object.fromEntries(Object.entries(one).map(([field, each]) => [field, walk(each, field)]))
    return one
  }
  return walk(value, '') as T
}

let real: FinishedSession
let hostile: FinishedSession
let plain: FinishedSession
beforeAll(async () => {
  const session = await importOf(filesOf('netns-blocked-log'))
  // A probe's name is ours.
  const withoutProbes = { ...session, probes: [] }
  real = session
  hostile = renamed(withoutProbes, (n) => names[n % names.length] ?? '')
  plain = renamed(withoutProbes, () => 'word')
})

/** Anything that moves a cursor, turns the writing direction, or cannot be shown. */
const control = /(?!\n)[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/u

describe('hostile names', () => {
  test('no form of the report holds a control byte', () => {
    const forms = [formatText, formatMarkdown, formatHtml].map((format) => format(hostile, everything))
    for (const form of [...forms, formatJson(reportOf(hostile, everything))]) {
      expect(form).not.toMatch(control)
      expect(form).toContain('owned')
    }
  })

  test('the page has the same tags and attributes as with harmless names', () => {
    const shapeOf = (html: string): string[] =>
      [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replaceAll(/(?:x|width|x1|x2)="[\d.]+%"/g, ''))
    expect(shapeOf(formatHtml(hostile, everything))).toEqual(shapeOf(formatHtml(plain, everything)))
  })

  test('the page needs no script and no network, and forbids both', () => {
    const html = formatHtml(real, everything)
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
    expect(html).not.toMatch(/<script|<link|<iframe|<img|\bsrc=|\bhref=|@import|url\((?!#)|\bon\w+=/i)
  })

  test('every table of the Markdown form keeps its columns, and nothing becomes a link, an image or a tag', () => {
    const md = formatMarkdown(hostile, everything)
    const columns = (line: string): number => line.replaceAll('\\|', '').split('|').length
    let inTable = 0
    for (const line of md.split('\n')) {
      if (!line.startsWith('|')) {
        inTable = 0
        continue
      }
      if (inTable === 0) inTable = columns(line)
      expect(columns(line)).toBe(inTable)
    }
    expect(md).not.toMatch(/(?<!\\)[<>[\]`]|https?:\/\/|(?<!\\)@|www\.\w/)
  })

  test('text of the host begins no list, no heading and no emphasis', () => {
    expect(markdownText('# a')).toBe('\\# a')
    expect(markdownText('- a')).toBe('\\- a')
    expect(markdownText('12. a')).toBe('12\\. a')
    expect(markdownText('192.0.2.2')).toBe('192.0.2.2')
    expect(markdownText('*a* _b_')).toBe('\\*a\\* \\_b\\_')
  })
})

test('JSON gives hostile names back unchanged to who parses it', () => {
  const { late } = JSON.parse(formatJson(reportOf(hostile, everything))) as ReturnType<typeof reportOf>
  expect(names).toContain(late[0]?.verdict.summary)
})
