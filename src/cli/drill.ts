// `whylate drill`: a real keepalived pair, a real fault, and whether it is found. `--watch` shows it on the screen as it
// happens; that is `npm start`. `drill all` plays every scenario and ends with a table.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatSpan } from '../time/format.ts'
import { instantAt, spanOf } from '../time/instant.ts'
import { sweepLeftovers } from '../drill/leftovers.ts'
import { openPair, type Pair } from '../drill/pair.ts'
import type { Scenario, Truth } from '../drill/scenario.ts'
import { scenarioOf, scenarios } from '../drill/scenarios.ts'
import { createWatchPlan, defaultWatch, formatStep, type WatchPlan, type WatchStep } from '../drill/watch.ts'
import { Fault } from '../capture/fault.ts'
import type { ProbeName } from '../events/probe.ts'
import { formatSession } from '../report/plain.ts'
import { printable } from '../report/printable.ts'
import { openLive, type LiveSession, type LiveSettings } from '../session/live.ts'
import { openRecord } from '../session/record.ts'
import { replayAll } from '../session/replay.ts'
import { judge, type DrillVerdict } from './drill-verdict.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import { showSession, untilEnd } from './live.ts'
import { answer, notice } from './say.ts'
import { readVersion } from './version.ts'

export interface DrillOptions {
  readonly watch?: boolean
  readonly seconds?: number
  /** Keeps the bundle. */
  readonly record?: string
  readonly engine: 'auto' | 'sysdig' | 'bpftrace' | 'none'
}

/** How often the plan is asked what to do next. */
const askEveryMs = 200
const budgetBytes = 128 * 1024 * 1024
const mostStartMs = 12_000
/** A busy machine can be late before anything was done. */
const attempts = 3
const isEngine = (name: ProbeName): boolean => name === 'sysdig' || name === 'bpftrace'

export function listScenarios(): ExitCode {
  for (const { name, cause, summary } of scenarios)
    answer(`${name.padEnd(16)}${(cause === 'none' ? 'nothing late' : cause).padEnd(17)}${summary}\n`)
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
    const late = snapshot.late.findLast((one) => one.advert.source === play.pair.sender.address)
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

async function settingsOf(scenario: Scenario, pair: Pair, engine: DrillOptions['engine']): Promise<LiveSettings> {
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

async function sweep(): Promise<void> {
  for (const removed of await sweepLeftovers())
    notice(`whylate: removed what an earlier drill had left behind: ${removed.mark}`)
}

function planOf(scenario: Scenario, seconds: number): WatchPlan {
  return createWatchPlan({ ...defaultWatch, faultSeconds: seconds, makesLate: scenario.makesLate })
}

/** On the screen, until its user quits. */
async function watchDrill(scenario: Scenario, options: DrillOptions): Promise<ExitCode> {
  const pair = await openPair(scenario.pair)
  const over = new AbortController()
  let session: LiveSession | undefined
  try {
    await import('../screen/open-screen.ts')
    session = await openLive(await settingsOf(scenario, pair, options.engine))
    const following = follow(
      {
        pair,
        session,
        hasEngine: options.engine !== 'none',
        plan: planOf(scenario, options.seconds ?? scenario.defaultSeconds),
        inject: (seconds) => scenario.inject(pair, { seconds, signal: over.signal }),
      },
      over.signal,
      () => undefined,
    )
    await showSession(session, undefined)
    over.abort()
    await following
    answer(`${formatSession(await session.stop())}\n`)
    return exitCode.done
  } finally {
    over.abort()
    await session?.stop()
    await pair.close()
  }
}

interface Played {
  readonly truth: Truth
  readonly verdict: DrillVerdict
  /** The session as text. */
  readonly text: string
}

/** A machine that is late by itself, or shows no adverts, gives no drill: nothing was done to the pair then. */
type Unplayed = 'interrupted' | 'not begun'

/** One scenario from beginning to end. */
async function playScenario(
  scenario: Scenario,
  options: DrillOptions,
  tell: (text: string) => void,
): Promise<Played | Unplayed> {
  const pair = await openPair(scenario.pair)
  const over = new AbortController()
  let recording: Awaited<ReturnType<typeof openRecord>> | undefined
  try {
    recording = await openRecord({
      ...(await settingsOf(scenario, pair, options.engine)),
      // It goes with the pair, unless it was asked for.
      path: options.record ?? join(pair.runDirectory, 'drill.whylate'),
      keepsSecrets: false,
      flightBytes: undefined,
      maxSizeBytes: undefined,
      maxLate: undefined,
      program: { version: readVersion(), commandLine: ['whylate', 'drill', scenario.name] },
    })
    const { session, path } = recording
    let told = ''
    const following = follow(
      {
        pair,
        session,
        hasEngine: options.engine !== 'none',
        plan: planOf(scenario, options.seconds ?? scenario.defaultSeconds),
        inject: (seconds) => scenario.inject(pair, { seconds, signal: over.signal }),
      },
      over.signal,
      (step) => {
        const text = formatStep(step)
        if (text !== told && step.kind !== 'hold') tell(text)
        told = text
      },
    )
    const isOver = following.then(() => true)
    const asked = untilEnd(undefined, following).then(() => false)
    const isWhole = await Promise.race([isOver, asked, session.failure])
    over.abort()
    const truth = await following
    await recording.stop('the drill is over')
    if (truth === undefined || !isWhole) return isWhole ? 'not begun' : 'interrupted'
    // The bundle says what the screen would have said, and can be asked about each late advert.
    const replayed = await replayAll(path, { budgetBytes, interval: undefined, late: undefined, vrid: undefined })
    const { windows, origin } = replayed.session
    const verdict = judge({ truth, makesLate: scenario.makesLate, windows, origin, source: pair.sender.address })
    return { truth, verdict, text: formatSession(replayed.snapshot) }
  } finally {
    over.abort()
    await recording?.stop('the drill failed')
    await pair.close()
  }
}

const lengthOf = (truth: Truth): string => formatSpan(spanOf(instantAt(truth.endAt, truth.startAt)))

/** Runs one scenario. */
export async function runDrill(name: string, options: DrillOptions): Promise<ExitCode> {
  const scenario = scenarioOf(name)
  if (scenario === undefined)
    throw new Fault(`There is no scenario called ${name}.`, 'whylate drill list shows those there are.', 2)
  const refusal = await scenario.refusal?.()
  if (refusal !== undefined)
    throw new Fault(`${name} cannot be played here: ${refusal}.`, 'Take another scenario: whylate drill list')
  await sweep()
  if (options.watch === true && process.stdin.isTTY && process.stdout.isTTY) return watchDrill(scenario, options)
  const played = await playScenario(scenario, options, notice)
  if (typeof played === 'string') return exitCode.late
  const { truth, verdict, text } = played
  const found = verdict.found.length === 0 ? ['nothing late'] : verdict.found
  answer(`${text}\n`)
  answer(`DRILL ${scenario.name}\n  done   ${truth.how}, for ${lengthOf(truth)}\n`)
  for (const one of found) answer(`  found  ${printable(one)}\n`)
  answer(`  ${verdict.mark}${verdict.isCulpritRight ? '' : ', but for the culprit'}\n`)
  return verdict.mark === 'right' ? exitCode.done : exitCode.late
}

interface Row {
  readonly scenario: Scenario
  readonly seconds: number
  readonly verdict: DrillVerdict | undefined
  readonly remark: string
}

function rowText({ scenario, seconds, verdict, remark }: Row): string {
  const truth = scenario.cause === 'none' ? 'nothing late' : scenario.cause
  const told = verdict === undefined ? remark : `${verdict.cause} ${verdict.confidence}`.trim()
  const mark = verdict === undefined ? 'skipped' : verdict.mark
  return `${scenario.name.padEnd(16)}${truth.padEnd(17)}${printable(told).padEnd(26)}${mark.padEnd(8)}${seconds.toFixed(0).padStart(4)} s`
}

/** Every scenario, one after the other. Its answer is a table; what goes on meanwhile is told on stderr. */
export async function runAllDrills(options: DrillOptions): Promise<ExitCode> {
  await sweep()
  if (options.record !== undefined) await mkdir(options.record, { recursive: true })
  const rows: Row[] = []
  let isInterrupted = false
  answer(`${'scenario'.padEnd(16)}${'truth'.padEnd(17)}${'verdict'.padEnd(26)}${'mark'.padEnd(8)}  took\n`)
  for (const scenario of scenarios) {
    const startedMs = performance.now()
    const end = (verdict: DrillVerdict | undefined, remark: string): void => {
      const row = { scenario, seconds: (performance.now() - startedMs) / 1000, verdict, remark }
      rows.push(row)
      answer(`${rowText(row)}\n`)
    }
    const refusal = await scenario.refusal?.()
    if (refusal !== undefined) {
      end(undefined, refusal)
      continue
    }
    notice(`drill ${scenario.name}: ${scenario.summary}`)
    const record = options.record === undefined ? {} : { record: join(options.record, `${scenario.name}.whylate`) }
    const quietly = async (): Promise<Played | Unplayed> =>
      playScenario(scenario, { engine: options.engine, ...record }, () => undefined)
    let played = await quietly()
    for (let tries = 1; played === 'not begun' && tries < attempts; tries++) played = await quietly()
    if (played === 'interrupted') {
      isInterrupted = true
      break
    }
    if (played === 'not begun') {
      end(undefined, 'the machine was late before')
      continue
    }
    for (const one of played.verdict.found) notice(`  ${one}`)
    end(played.verdict, '')
  }
  const judged = rows.flatMap((one) => one.verdict ?? [])
  const count = (mark: DrillVerdict['mark']): number => judged.filter((one) => one.mark === mark).length
  const total = rows.reduce((sum, one) => sum + one.seconds, 0)
  answer(
    `${count('right')} of ${judged.length} right, ${count('open')} open, ${count('WRONG')} wrong, ${rows.length - judged.length} skipped; ${formatSpan(spanOf(total * 1e9))}\n`,
  )
  return !isInterrupted && count('right') === judged.length ? exitCode.done : exitCode.late
}
