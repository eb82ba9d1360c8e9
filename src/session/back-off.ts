// When is the kernel engine asked for less, and when for all of it again?
//
//   it loses events, or we and our children cost too much ──▶ a step less ──▶ still so ──▶ another
//   for five minutes neither ──▶ a step more; if that was too early, the next time it waits twice as long
//
// A step starts the tool anew, which is some seconds of blindness: so one burst is no reason, and no step follows another
// before the last one could show what it does.

import type { Snapshot } from '../engine/snapshot.ts'
import { isKernelEngine } from '../events/probe.ts'
import type { Instant } from '../time/instant.ts'

export interface Strain {
  readonly at: Instant
  /** Events that the kernel engine has lost so far. */
  readonly lost: number
  /** Of a core, children included. */
  readonly cpuShare: number
}

/**
 * undefined while the kernel engine is only starting: that may take a core for many seconds (bpftrace compiles), ends by
 * itself, and asking for less would begin it anew.
 */
export function strainOf({ now: at, probes, own }: Pick<Snapshot, 'now' | 'probes' | 'own'>): Strain | undefined {
  const runs = probes.find(
    ({ name, part, state }) => part === '' && isKernelEngine(name) && (state === 'ok' || state === 'degraded'),
  )
  return runs === undefined ? undefined : { at, lost: runs.dropped, cpuShare: own.cpuShare }
}

export interface BackOffLimits {
  /** Of a core: whylate and its children. */
  readonly cpuShare: number
  /** Seconds of the last ten in which events were lost. */
  readonly lossySeconds: number
  readonly settleSeconds: number
  readonly calmSeconds: number
}

export interface Step {
  readonly step: number
  readonly because: string
}

export interface BackOff {
  /** Several times a second. undefined: go on as it is. */
  feel(strain: Strain, steps: number): Step | undefined
}

export const backOffLimits: BackOffLimits = { cpuShare: 0.75, lossySeconds: 3, settleSeconds: 20, calmSeconds: 300 }
const lookBack = 10
/** Widening waits at most so many times as long as at first. */
const mostPatience = 12
/** Below this part of the limit there is room for more. */
const easy = 0.6

interface Second {
  readonly number: number
  lost: number
  cpuShare: number
}

export function createBackOff(limits: BackOffLimits = backOffLimits): BackOff {
  let seconds: Second[] = []
  let lost: number | undefined
  let step = 0
  let movedAt = -Infinity
  let strainedAt = -Infinity
  let widenedAt = -Infinity
  let patience = 1

  function note({ at, lost: total, cpuShare }: Strain): number {
    const number = Math.floor(at / 1e9)
    if (seconds.at(-1)?.number !== number) seconds = [...seconds, { number, lost: 0, cpuShare: 0 }].slice(-lookBack)
    const now = seconds.at(-1)
    if (now !== undefined) {
      now.lost += Math.max(0, total - (lost ?? total))
      now.cpuShare = cpuShare
    }
    lost = total
    return number
  }

  function complaint(): string | undefined {
    const lossy = seconds.filter((one) => one.lost > 0)
    if (lossy.length >= limits.lossySeconds)
      return `it lost ${lossy.reduce((sum, one) => sum + one.lost, 0)} events within ${lookBack} s`
    const share = seconds.reduce((sum, one) => sum + one.cpuShare, 0) / seconds.length
    if (seconds.length === lookBack && share > limits.cpuShare)
      return `whylate and its probes took ${Math.round(100 * share)} % of a core, and ${Math.round(100 * limits.cpuShare)} % is their share`
    return undefined
  }

  function move(to: number, now: number, because: string): Step {
    step = to
    movedAt = now
    strainedAt = now
    seconds = []
    return { step, because }
  }

  return {
    feel(strain, steps) {
      const now = note(strain)
      const because = complaint()
      if (because !== undefined || strain.cpuShare > easy * limits.cpuShare) strainedAt = now
      if (now - movedAt < limits.settleSeconds) return undefined
      if (because !== undefined && step < steps) {
        // What was widened too early is not widened so soon again.
        patience = now - widenedAt < limits.calmSeconds ? Math.min(mostPatience, patience * 2) : patience
        return move(step + 1, now, `${because}, so it is asked for less (step ${step + 1} of ${steps})`)
      }
      if (step === 0 || now - strainedAt < limits.calmSeconds * patience) return undefined
      widenedAt = now
      const more =
        step === 1 ? 'it is asked for all again' : `it is asked for more again (step ${step - 1} of ${steps})`
      return move(step - 1, now, `nothing was lost for a while, so ${more}`)
    },
  }
}
