// Names of the host are hostile: none of them may become a control byte, a tag, a link or a table cell of the report.

import { beforeAll, describe, expect, test } from 'vitest'
import type { FinishedSession } from '../../src/engine/finished.ts'
import { widthOf } from '../../src/report/display-width.ts'
import { formatHtml } from '../../src/report/html.ts'
import { formatJson } from '../../src/report/json.ts'
import { formatMarkdown, markdownText } from '../../src/report/markdown.ts'
import { reportOf } from '../../src/report/report.ts'
import { everything } from '../../src/report/selection.ts'
import { formatText } from '../../src/report/text.ts'
import { hostileNames as names, renamed } from '../fixtures/hostile.ts'
import { filesOf, importOf } from '../fixtures/report.ts'

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

  test('no line of the text is wider than 80 columns', () => {
    const lines = [hostile, real].flatMap((session) => formatText(session, everything).split('\n'))
    expect(lines.filter((line) => widthOf(line) > 80)).toEqual([])
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
