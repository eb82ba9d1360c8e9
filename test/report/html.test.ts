// The HTML report in a real browser: no script error, no request, nothing wider than the screen, and names stay names.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatHtml } from '../../src/report/html.ts'
import { everything } from '../../src/report/selection.ts'
import type { FinishedSession } from '../../src/engine/finished.ts'
import { chromiumPath, openChromium, type Browser, type Page, type Size } from '../fixtures/chromium.ts'
import { hostileNames, renamed } from '../fixtures/hostile.ts'
import { filesOf, importOf } from '../fixtures/report.ts'

const phone: Size = { width: 390, height: 844 }
const desk: Size = { width: 1280, height: 900 }

/** What reaches beyond the right edge and is in no box that scrolls by itself. */
const overflowing = `[...document.querySelectorAll('body *')]
  .filter((one) => !one.closest('.scroll') && !one.closest('svg svg, .hatching, defs') && one.tagName !== 'rect')
  .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((one) => one.tagName + ' ' + one.textContent.slice(0, 60))`
/** Lines of text, or drawings, one over the other: their boxes in the same lane. */
const overlapping = `[...document.querySelectorAll('.lane')]
  .filter((lane) => lane.firstChild.getBoundingClientRect().bottom > lane.lastChild.getBoundingClientRect().top + 1)
  .map((lane) => lane.textContent)`

describe.skipIf(chromiumPath === undefined)('in a real headless Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'whylate-html-'))
  const pages = new Map<string, string>()
  let browser: Browser

  beforeAll(async () => {
    browser = await openChromium(chromiumPath ?? '')
    const sessions: [string, FinishedSession][] = []
    for (const incident of ['netns-blocked-log', 'cpu-quota-qemu', 'foreign-vrid', 'healthy-netns-busy'])
      sessions.push([incident, await importOf(filesOf(incident))])
    const [, real] = sessions[0] ?? []
    if (real === undefined) throw new Error('no session')
    sessions.push([
      'hostile names',
      renamed({ ...real, probes: [] }, (n) => hostileNames[n % hostileNames.length] ?? ''),
    ])
    // Nothing in a name makes a line break, and 200 columns are no exception on a host.
    sessions.push(['long names', renamed(real, (n) => `${n}${'x'.repeat(200)}`)])
    for (const [name, session] of sessions) {
      const path = join(folder, `${name}.html`)
      writeFileSync(path, formatHtml(session, everything))
      pages.set(name, pathToFileURL(path).href)
    }
  }, 60_000)

  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const opened = async (name: string, size: Size): Promise<Page> => {
    const url = pages.get(name)
    if (url === undefined) throw new Error(`no page ${name}`)
    const page = await browser.open(url, size)
    expect(page.requests).toEqual([url])
    expect(page.errors).toEqual([])
    return page
  }

  test.each([
    'netns-blocked-log',
    'cpu-quota-qemu',
    'foreign-vrid',
    'healthy-netns-busy',
    'hostile names',
    'long names',
  ])('%s: no error, no request, and all of it within the width of a phone and of a desk', async (name) => {
    for (const size of [phone, desk]) {
      const page = await opened(name, size)
      expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0)
      expect(await page.evaluate(overflowing)).toEqual([])
      expect(await page.evaluate(overlapping)).toEqual([])
    }
  })

  test('the picture is drawn: marks in order, and a bar in each lane, where it belongs', async () => {
    const page = await opened('netns-blocked-log', phone)
    const drawn = (await page.evaluate(`[...document.querySelectorAll('figure.timeline')].map((one) => ({
      marks: [...one.querySelectorAll('.marks line')].map((line) => Math.round(line.getBoundingClientRect().left)),
      late: one.querySelector('.marks rect.late').getBoundingClientRect().toJSON(),
      bars: [...one.querySelectorAll('.lane rect')].map((bar) => bar.getBoundingClientRect().width),
      colours: [...one.querySelectorAll('.lane rect')].map((bar) => getComputedStyle(bar).fill),
    }))`)) as readonly {
      readonly marks: readonly number[]
      readonly late: { readonly left: number; readonly right: number; readonly height: number }
      readonly bars: readonly number[]
      readonly colours: readonly string[]
    }[]
    expect(drawn.length).toBe(3)
    for (const { marks, late, bars, colours } of drawn) {
      expect(marks).toEqual(marks.toSorted((a, b) => a - b))
      expect([late.left, late.right].map(Math.round)).toEqual(marks.slice(1))
      expect(late.height).toBeGreaterThan(100)
      expect(bars.length).toBeGreaterThan(3)
      expect(Math.min(...bars)).toBeGreaterThan(0)
      expect(colours).not.toContain('rgb(0, 0, 0)')
    }
  })

  test('hostile names are text: no element, no handler, no dialog comes of them', async () => {
    const page = await opened('hostile names', desk)
    expect(await page.evaluate(`document.querySelectorAll('script, iframe, img, link, a, object, embed').length`)).toBe(
      0,
    )
    expect(
      await page.evaluate(
        `[...document.querySelectorAll('*')].flatMap((one) => [...one.attributes]).filter((one) => /^on/.test(one.name)).length`,
      ),
    ).toBe(0)
    expect(await page.evaluate('document.body.innerText')).toContain('<script>alert(1)</script>')
  })

  test('a page that did ask for something, or was too wide, would be found out', async () => {
    const path = join(folder, 'bad.html')
    writeFileSync(
      path,
      '<img src="https://192.0.2.1/x.png"><script>throw new Error("x")</script><p style="width:2000px">x',
    )
    const page = await browser.open(pathToFileURL(path).href, desk)
    expect(page.requests).toContain('https://192.0.2.1/x.png')
    expect(page.errors.join(' ')).toContain('Error: x')
    expect(await page.evaluate(overflowing)).not.toEqual([])
  })
})
