// What all late adverts have in common, in every form of the report.

import { expect, test } from 'vitest'
import { formatHtml } from '../../src/report/html.ts'
import { formatMarkdown } from '../../src/report/markdown.ts'
import { reportOverallOf } from '../../src/report/overall.ts'
import { reportOf } from '../../src/report/report.ts'
import { everything } from '../../src/report/selection.ts'
import { formatText } from '../../src/report/text.ts'
import type { FinishedSession } from '../../src/engine/finished.ts'
import { instantOf, second, spanOf } from '../../src/time/instant.ts'
import { filesOf, importOf } from '../fixtures/report.ts'

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ')

test('the cause of most, a period, and the reach are told in sentences', async () => {
  const session = await importOf(filesOf('qemu-sigstop-repeated'))
  const { overall } = reportOf(session, everything)
  expect(overall.main).toMatchObject({ cause: 'sender-stopped', late: 5, share: 1 })
  expect(overall).toMatchObject({ late: 5, episodes: 5, scope: { reach: 'only-router', onTime: [] } })
  expect(overall.summary[0]).toBe('5 of 5 late adverts: sender-stopped, nobody seen to do it; 100 % of the lateness.')
  expect(overall.summary[1]).toMatch(/^5 faults(, no period|: the capture is too short)/)
  const [first = ''] = overall.summary
  expect(oneLine(formatText(session, everything))).toContain(first)
  expect(oneLine(formatHtml(session, everything))).toContain(`<p>${first}</p>`)
  expect(oneLine(formatMarkdown(session, everything))).toContain(first)
})

test('one outage that makes many late adverts is one fault, and no period', async () => {
  const { overall } = reportOf(await importOf(filesOf('cpu-quota-netns-shared')), everything)
  expect(overall).toMatchObject({ late: 8, episodes: 2, period: { verdict: 'too-few' }, scope: { reach: 'sender' } })
  expect(overall.summary[1]).toBe('2 faults: too few to look for a period (5 are needed).')
})

test('a selection is told for itself', async () => {
  const session = await importOf(filesOf('netns-sigstop-repeated', ['scap']))
  const { overall, late } = reportOf(session, { ...everything, until: session.windows[2]?.late.at })
  expect([late.length, overall.late]).toEqual([3, 3])
  expect(overall.summary[0]).toMatch(/^3 of 3 late adverts: sender-stopped/)
})

test('where nothing was late nothing is said', async () => {
  const session = await importOf(filesOf('healthy-netns-busy', ['scap']))
  expect(reportOf(session, everything).overall).toEqual({
    late: 0,
    episodes: 0,
    lateMs: 0,
    main: null,
    period: { verdict: 'too-few', tried: 0, periodMs: null, phaseMs: null, timer: null, p: null },
    scope: null,
    summary: [],
  })
})

/** Every minute at second 22, and a program that is started then. */
function eachMinute(session: FinishedSession, late: number): FinishedSession {
  const [view] = session.windows
  const [flow] = session.flows
  if (view === undefined || flow === undefined) throw new Error('nothing is late')
  const at = (minutes: number): typeof view.late.at => instantOf(minutes * 60 * second + 22 * second)
  return {
    ...session,
    windows: Array.from({ length: late }, (_, i) => ({
      ...view,
      late: {
        ...view.late,
        number: i + 1,
        dueAt: at(i),
        previousAt: instantOf(at(i) - second),
        at: instantOf(at(i) + second),
      },
    })),
    background: {
      tracks: [
        {
          flow: flow.id,
          adverts: Array.from({ length: 60 * late }, (_, i) => instantOf(i * 1.0001 * second)),
          senderPid: undefined,
          cpus: [],
        },
      ],
      timers: [{ name: 'night|watch', period: spanOf(60 * second) }],
    },
  }
}

test('a program that is started each time is named, with care', async () => {
  const session = eachMinute(await importOf(filesOf('qemu-sigstop', ['scap'])), 8)
  const { period, summary } = reportOverallOf(session.windows, session)
  expect(period).toMatchObject({ verdict: 'periodic', timer: 'night|watch', periodMs: 60_000 })
  expect(summary[1]).toMatch(/^8 faults, every 60\.000 s, as night\|watch is started \(p < 0\.001 of \d tried\)\.$/)
  expect(formatMarkdown(session, everything)).toContain('night\\|watch')
})

test('of one late advert only its reach is told, where others were there', async () => {
  const alone = reportOf(await importOf(filesOf('qemu-sigstop')), everything)
  expect([alone.late.length, alone.overall.summary]).toEqual([1, []])
  expect(alone.overall.main).toMatchObject({ cause: 'sender-stopped', late: 1 })
})
