// One scenario under the eyes of a live session: when the fault is injected, and when all has been seen.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Pair } from '../drill/pair.ts'
import type { Scenario, Truth } from '../drill/scenario.ts'
import { createWatchPlan, defaultWatch, type WatchPlan, type WatchStep } from '../drill/watch.ts'
import { isKernelEngine, type ProbeName } from '../events/probe.ts'
import type { LiveSession, LiveSettings } from '../session/live.ts'
import type { ProbeView } from '../engine/snapshot.ts'

export interface DrillOptions {
  readonly watch?: boolean
  readonly seconds?: number
  /** Keeps the bundle. */
  readonly record?: string
  readonly engine: 'auto' | 'sysdig' | 'bpftrace' | 'none'
}

/** How often the plan is asked what to do next. */
const askEveryMs = 200
export const budgetBytes = 128 * 1024 * 1024
const mostStartMs = 60_000
const mostUnrestMs = 45_000

interface Play {
  readonly pair: Pair
  readonly session: LiveSession
  readonly plan: WatchPlan
  readonly hasEngine: boolean
  /** Carries out the fault; resolves with what was truly done. */
  inject(seconds: number): Promise<Truth>
}

interface Staged {
  readonly scenario: Scenario
  readonly options: DrillOptions
  readonly pair: Pair
  readonly session: LiveSession
}

/** `signal`: calls the fault off. */
export function playOf({ scenario, options, pair, session }: Staged, signal: AbortSignal): Play {
  const faultSeconds = options.seconds ?? scenario.defaultSeconds
  return {
    pair,
    session,
    hasEngine: options.engine !== 'none',
    plan: createWatchPlan({ ...defaultWatch, faultSeconds, makesLate: scenario.makesLate }),
    inject: (seconds) => scenario.inject(pair, { seconds, signal }),
  }
}

/** The capture is there, the host sampler, and a kernel engine, where one was asked for; or what there is has failed. */
function hasBegun(probes: readonly ProbeView[], hasEngine: boolean): boolean {
  const has = (is: (name: ProbeName) => boolean): boolean =>
    probes.some((probe) => is(probe.name) && probe.part === '' && probe.state !== 'starting')
  return has((name) => name === 'tcpdump') && has((name) => name === 'host') && (!hasEngine || has(isKernelEngine))
}

/** Follows the plan until it ends; `onStep` is told each new step. */
export async function follow(
  play: Play,
  signal: AbortSignal,
  onStep: (step: WatchStep) => void,
): Promise<Truth | undefined> {
  const openedMs = performance.now()
  let startedMs = openedMs
  let isReady = false
  /** Late adverts before the fault: the last one, and how many adverts there were by then. */
  const unrest = { late: 0, adverts: 0, sinceMs: openedMs }
  let injecting: Promise<Truth> | undefined
  let isFaultOver = false
  for (;;) {
    const snapshot = play.session.snapshot()
    const flow = snapshot.flows.find((one) => one.source === play.pair.sender.address)
    const late = snapshot.late.findLast((one) => one.advert.source === play.pair.sender.address)
    // A fault that the probes cannot see yet would be half a drill: bpftrace takes seconds to start, and on a slow machine
    // anything does. How long the adverts may take to come is counted from then.
    if (!isReady) {
      startedMs = performance.now()
      unrest.sinceMs = startedMs
      isReady = startedMs - openedMs > mostStartMs || hasBegun(snapshot.probes, play.hasEngine)
    }
    const adverts = flow?.adverts ?? 0
    // A slow machine is late by itself while the probes start. Then it is waited for adverts that come in time, for a while.
    const isUnrest = injecting === undefined && late !== undefined && late.number > unrest.late
    if (isUnrest && performance.now() - unrest.sinceMs < mostUnrestMs) {
      unrest.late = late.number
      unrest.adverts = adverts
      startedMs = performance.now()
    }
    const told = late !== undefined && late.number > unrest.late ? late : undefined
    const elapsedMs = performance.now() - startedMs
    const step = play.plan.next({
      elapsedMs,
      adverts: isReady ? adverts - unrest.adverts : 0,
      isFaultOver,
      late: told === undefined ? undefined : { isSettled: told.isSettled, isTakeover: told.takeover },
    })
    onStep(step)
    if (step.kind === 'end' || signal.aborted) return injecting
    if (step.kind === 'inject') {
      injecting = play.inject(step.seconds)
      // Its failure comes out where it is awaited, at the end.
      void injecting
        .catch(() => undefined)
        .finally(() => {
          isFaultOver = true
        })
    }
    await sleep(askEveryMs)
  }
}

export async function settingsOf(
  scenario: Scenario,
  pair: Pair,
  engine: DrillOptions['engine'],
): Promise<LiveSettings> {
  const tcpdump = await scenario.tcpdump?.(pair)
  return {
    interfaces: scenario.isSeenAtPeer === true ? [pair.link, pair.peerLink] : [pair.link],
    netns: pair.namespace,
    filter: undefined,
    engine,
    hasIostat: true,
    paths: tcpdump === undefined ? {} : { tcpdump },
    vrid: undefined,
    interval: undefined,
    late: undefined,
    budgetBytes,
  }
}
