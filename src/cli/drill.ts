// `whylate drill`: a real keepalived pair, a real fault, and whether it was found. `--watch` shows it on the screen as it
// happens; that is `npm start`.

import { setTimeout as sleep } from 'node:timers/promises'
import { formatSpan } from '../time/format.ts'
import { instantAt, spanOf } from '../time/instant.ts'
import type { Truth } from '../drill/scenario.ts'
import { scenarioOf, scenarios } from '../drill/scenarios.ts'
import { sweepLeftovers } from '../drill/leftovers.ts'
import { openPair, type Pair } from '../drill/pair.ts'
import { createWatchPlan, defaultWatch, formatStep, type WatchPlan, type WatchStep } from '../drill/watch.ts'
import { Fault } from '../capture/fault.ts'
import type { ProbeName } from '../events/probe.ts'
import { formatSession } from '../report/plain.ts'
import { wireMeaning } from '../report/words.ts'
import { openLive, type LiveSession } from '../session/live.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import { showSession, untilEnd } from './live.ts'
import { answer, notice } from './say.ts'

export interface DrillOptions {
  readonly watch?: boolean
  readonly seconds?: number
  readonly engine: 'auto' | 'sysdig' | 'bpftrace' | 'none'
}

/** How often the plan is asked what to do next. */
const askEveryMs = 200
const budgetBytes = 128 * 1024 * 1024
const mostStartMs = 12_000
const isEngine = (name: ProbeName): boolean => name === 'sysdig' || name === 'bpftrace'

export function listScenarios(): ExitCode {
  for (const scenario of scenarios) answer(`${scenario.name.padEnd(14)}${scenario.summary}\n`)
  return exitCode.done
}

interface Play {
  readonly pair: Pair
  readonly session: LiveSession
  readonly plan: WatchPlan
  readonly hasEngine: boolean
  /** Carries out the fault; resolves with what was truly done. */
  inject(seconds: number): Promise<Truth>
}

/** Follows the plan until it ends; `onStep` is told each new step. */
async function follow(play: Play, signal: AbortSignal, onStep: (step: WatchStep) => void): Promise<Truth | undefined> {
  const startedMs = performance.now()
  let injecting: Promise<Truth> | undefined
  let isFaultOver = false
  for (;;) {
    const snapshot = play.session.snapshot()
    const flow = snapshot.flows.find((one) => one.source === play.pair.sender.address)
    const late = snapshot.late.findLast((one) => one.flow === flow?.id)
    const elapsedMs = performance.now() - startedMs
    // A fault that the kernel probe cannot see yet would be half a drill: bpftrace takes seconds to start.
    const isReady =
      !play.hasEngine ||
      elapsedMs > mostStartMs ||
      snapshot.probes.some((probe) => isEngine(probe.name) && probe.state !== 'starting')
    const step = play.plan.next({
      elapsedMs,
      adverts: isReady ? (flow?.adverts ?? 0) : 0,
      isFaultOver,
      late: late === undefined ? undefined : { isSettled: late.isSettled, isTakeover: late.takeover },
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

/** Does what was seen fit what was done? The reason in words. */
function judge(
  truth: Truth,
  session: LiveSession,
  source: string,
): { readonly isRight: boolean; readonly found: string } {
  const snapshot = session.snapshot()
  const from = instantAt(truth.startAt, snapshot.origin)
  const to = instantAt(truth.endAt, snapshot.origin)
  const late = snapshot.late.filter((one) => one.advert.source === source && one.at > from && one.ownDueAt < to)
  const found =
    late.length === 0
      ? 'nothing late'
      : late
          .map(
            (one) =>
              `${formatSpan(one.wire === 'W4r' ? one.ownOverrun : one.overrun)} late, ${wireMeaning(one.wire)} (${one.wire})`,
          )
          .join('; ')
  if (truth.cause === 'none') return { isRight: late.length === 0, found }
  const sign = truth.cause === 'foreign-vrid' ? 'W4r' : 'W1'
  return { isRight: late.length > 0 && late.every((one) => one.wire.startsWith(sign)), found }
}

/** Runs one scenario. `--watch` keeps the screen open until its user quits. */
export async function runDrill(name: string, options: DrillOptions): Promise<ExitCode> {
  const scenario = scenarioOf(name)
  if (scenario === undefined)
    throw new Fault(`There is no scenario called ${name}.`, 'whylate drill list shows those there are.', 2)
  const seconds = options.seconds ?? scenario.defaultSeconds
  for (const removed of await sweepLeftovers())
    notice(`whylate: removed what an earlier drill had left behind: ${removed.mark}`)
  const pair = await openPair()
  const over = new AbortController()
  const isOnScreen = options.watch === true && process.stdin.isTTY && process.stdout.isTTY
  if (isOnScreen) await import('../screen/open-screen.ts')
  let session: LiveSession | undefined
  try {
    session = await openLive({
      interfaces: [pair.link],
      netns: pair.namespace,
      filter: undefined,
      engine: options.engine,
      hasIostat: true,
      paths: {},
      vrid: undefined,
      interval: undefined,
      late: undefined,
      budgetBytes,
    })
    const play: Play = {
      pair,
      session,
      hasEngine: options.engine !== 'none',
      plan: createWatchPlan({ ...defaultWatch, faultSeconds: seconds }),
      inject: (length) => scenario.inject(pair, { seconds: length, signal: over.signal }),
    }
    let told = ''
    const following = follow(play, over.signal, (step) => {
      const text = formatStep(step)
      if (!isOnScreen && text !== told && step.kind !== 'hold') notice(text)
      told = text
    })
    if (isOnScreen) await showSession(session, undefined)
    else await Promise.race([untilEnd(undefined, following), session.failure])
    over.abort()
    const truth = await following
    const snapshot = await session.stop()
    if (isOnScreen && truth === undefined) return exitCode.done
    answer(`${formatSession(snapshot)}\n`)
    if (truth === undefined) return exitCode.late
    const { isRight, found } = judge(truth, session, pair.sender.address)
    answer(
      `DRILL ${scenario.name}\n  done   ${truth.how}, for ${formatSpan(spanOf(instantAt(truth.endAt, truth.startAt)))}\n  found  ${found}\n  ${isRight ? 'right' : 'WRONG'}\n`,
    )
    return isRight ? exitCode.done : exitCode.late
  } finally {
    over.abort()
    await session?.stop()
    await pair.close()
  }
}
