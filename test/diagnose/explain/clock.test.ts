// A wall clock that is set makes packets look late, or early, that were neither; and hides, or doubles, those that were.

import { describe, expect, test } from 'vitest'
import { explain } from '../../../src/diagnose/explain/explain.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { playShifted } from '../../fixtures/shifted.ts'

function told(engine: Engine): string[] {
  const flows = engine.flows()
  return engine.late.flatMap((late) => {
    const flow = flows.find((one) => one.id === late.flow)
    if (flow === undefined) return []
    const { cause, confidence } = explain(late, flow, engine.evidence)
    return [`${late.wire} ${cause} ${confidence}`]
  })
}
const stepAt = (at: number, byMs: number) => (seconds: number) => (seconds < at ? 0 : byMs)
const healthy = ['healthy-netns-busy', 'healthy-vm-noisy', 'disk-decoy-healthy']

describe.each(healthy)('%s', (name) => {
  // A fifth of a second, one interval exactly, several, and one that looks like a takeover.
  test.each([200, 1000, 3000, 5035])('a clock set forward by %d ms is told as that', (byMs) => {
    expect(told(playShifted(name, stepAt(21.43, byMs)))).toEqual(['W7 clock-step likely'])
  })

  test.each([200, 1000, 3000, 5035])(
    'forward by %d ms, and no sampler with two clocks: nobody is convicted',
    (byMs) => {
      const lines = told(playShifted(name, stepAt(21.43, byMs), ['host']))
      expect(lines.length).toBe(1)
      expect(lines.join()).not.toMatch(/likely|certain/)
    },
  )

  test.each([-200, -1000, -3000])('a clock set back by %d ms makes nothing late', (byMs) => {
    expect(told(playShifted(name, stepAt(21.43, byMs)))).toEqual([])
  })

  test('a clock that is slewed, as ntpd does and as fast as chrony can, makes nothing late but by the clock', () => {
    expect(told(playShifted(name, (seconds) => Math.max(0, seconds - 20) * 0.5))).toEqual([])
    const lines = told(playShifted(name, (seconds) => Math.max(0, Math.min(seconds, 40) - 20) * 83))
    expect(new Set([...lines, 'W7 clock-step likely'])).toEqual(new Set(['W7 clock-step likely']))
  })
})

describe('a real stop', () => {
  test('with a step of the clock in the middle of it is told as possible at most, and not as a step alone', () => {
    const [line] = told(playShifted('qemu-sigstop', stepAt(13, 2000)))
    expect(line).toMatch(/^W\d\S* (?:sender-stopped possible|unknown unknown)$/)
  })

  test('with a step long before it or behind it is told as ever', () => {
    for (const at of [5.3, 25.3]) {
      const lines = told(playShifted('qemu-sigstop', stepAt(at, 700)))
      expect(lines.toSorted()).toEqual(['W1+ sender-stopped certain', 'W7 clock-step likely'])
    }
  })

  test('and a clock set back while it lasted: whatever is left of it, nobody is convicted', () => {
    expect(told(playShifted('qemu-sigstop', stepAt(13, -2000))).join()).not.toMatch(/likely|certain/)
  })
})
