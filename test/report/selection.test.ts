import { describe, expect, test } from 'vitest'
import { reportOf } from '../../src/report/report.ts'
import { everything, parseTime, type Selection } from '../../src/report/selection.ts'
import { formatText } from '../../src/report/text.ts'
import { formatIso } from '../../src/time/format.ts'
import { epochAt, epochFrom, instantAt } from '../../src/time/instant.ts'
import { filesOf, importOf } from '../fixtures/report.ts'

describe('times as they are typed', () => {
  const origin = epochFrom('1795350200', '0')
  const from = instantAt(epochFrom(String(Date.parse('2026-11-22T23:50:00Z') / 1000), '0'), origin)
  const meant = (text: string): string | undefined => {
    const at = parseTime(text, { origin, from })
    return at === undefined ? undefined : formatIso(epochAt(at, origin))
  }

  test.each([
    ['2026-11-22T12:03:20Z', '2026-11-22T12:03:20.000000000Z'],
    ['2026-11-22T12:03:20.123456789Z', '2026-11-22T12:03:20.123456789Z'],
    ['2026-11-22 14:03+0200', '2026-11-22T12:03:00.000000000Z'],
    ['23:55:01.5', '2026-11-22T23:55:01.500000000Z'],
    ['23:49:00', '2026-11-22T23:49:00.000000000Z'],
    ['00:10', '2026-11-23T00:10:00.000000000Z'],
    ['+90s', '2026-11-22T23:51:30.000000000Z'],
    ['+1.5m', '2026-11-22T23:51:30.000000000Z'],
  ])('%s', (text, wanted) => {
    expect(meant(text)).toBe(wanted)
  })

  test.each(['', 'yesterday', '25:00', '12:61', '2026-13-01T00:00:00Z', '-5s', '+5 parsecs'])(
    '%s is no time',
    (text) => {
      expect(meant(text)).toBeUndefined()
    },
  )
})

test('a selection narrows down what is late, and says so', async () => {
  const session = await importOf(filesOf('netns-sigstop-repeated', ['scap', 'iostat', 'host']))
  const all = reportOf(session, everything)
  const selection: Selection = {
    flow: '51',
    since: parseTime(all.late[2]?.at ?? '', session),
    until: parseTime(all.late[4]?.at ?? '', session),
  }
  const some = reportOf(session, selection)
  expect(some.late.map((one) => one.number)).toEqual([3, 4, 5])
  expect(some.selection).toEqual({ flow: '51', since: all.late[2]?.at, until: all.late[4]?.at })
  expect(some.flows).toEqual(all.flows)
  expect(formatText(session, selection)).toContain('Only flow 51, since 2026-')
  expect(reportOf(session, { ...everything, flow: '52' }).flows).toEqual([])
})
