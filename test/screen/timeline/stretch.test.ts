// Where the timeline looks and where its cursor stands.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  columnIn,
  cursorMoved,
  panned,
  shownStretch,
  initialTimeline,
  zoomed,
} from '../../../src/screen/timeline/stretch.ts'
import { instantOf, type Instant } from '../../../src/time/instant.ts'
import { late, quiet } from '../../fixtures/snapshots.ts'

const at = (seconds: number): Instant => instantOf(seconds * 1e9)
const whole = { from: at(0), to: at(100) }
const shown = { from: at(40), to: at(60) }

test('it begins with the window of the late advert, or with the last half minute in whole seconds', () => {
  const one = late(1, 1080)
  const around = shownStretch(initialTimeline, one, quiet)
  expect(around.from).toBeLessThan(one.previousAt)
  expect(around.to).toBeGreaterThan(one.at)
  expect(shownStretch(initialTimeline, undefined, quiet)).toEqual({ from: at(1058), to: at(1088) })
})

test('zooming keeps what is under the cursor where it is, and ends at the whole', () => {
  const closer = zoomed(shown, at(45), 0.5, whole)
  expect(closer).toEqual({ from: at(42.5), to: at(52.5) })
  expect(columnIn(closer, at(45), 40)).toBe(columnIn(shown, at(45), 40))
  expect(zoomed(shown, at(45), 1000, whole)).toEqual(whole)
})

test('whatever is pressed, the stretch stays within the session and the cursor within the stretch', () => {
  const moves = fc.array(fc.constantFrom('+', '-', 'on', 'back', 'left', 'right', 'far'), { maxLength: 60 })
  fc.assert(
    fc.property(moves, fc.integer({ min: 8, max: 300 }), (keys, columns) => {
      let stretch: { readonly from: Instant; readonly to: Instant } = shown
      let cursor = at(50)
      for (const key of keys) {
        if (key === '+' || key === '-') stretch = zoomed(stretch, cursor, key === '+' ? 0.5 : 2, whole)
        else if (key === 'on' || key === 'back') {
          stretch = panned(stretch, key === 'on' ? 0.5 : -0.5, whole)
          cursor = instantOf(Math.min(stretch.to, Math.max(stretch.from, cursor)))
        } else {
          const moved = cursorMoved(stretch, cursor, key === 'left' ? -1 : key === 'right' ? 1 : 10, columns, whole)
          ;({ stretch, cursor } = moved)
        }
        expect(stretch.from).toBeGreaterThanOrEqual(whole.from)
        expect(stretch.to).toBeLessThanOrEqual(whole.to + 1)
        expect(stretch.to).toBeGreaterThan(stretch.from)
        expect(cursor).toBeGreaterThanOrEqual(stretch.from - 1)
        expect(cursor).toBeLessThanOrEqual(stretch.to + 1)
      }
    }),
  )
})

test('a step on and a step back is the same column', () => {
  const on = cursorMoved(shown, at(50), 1, 40, whole)
  const back = cursorMoved(on.stretch, on.cursor, -1, 40, whole)
  expect(columnIn(on.stretch, on.cursor, 40)).toBe(21)
  expect(columnIn(back.stretch, back.cursor, 40)).toBe(20)
})
