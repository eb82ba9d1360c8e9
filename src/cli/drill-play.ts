// One drill from beginning to end: on the screen until its user quits, or without one until its verdict is known.

import { join } from 'node:path'
import { openPair } from '../drill/pair.ts'
import type { Scenario, Truth } from '../drill/scenario.ts'
import { formatStep } from '../drill/watch.ts'
import { formatSession } from '../report/plain.ts'
import { openLive, type LiveSession } from '../session/live.ts'
import { openRecord } from '../session/record.ts'
import { replayAll } from '../session/replay/replay.ts'
import { budgetBytes, follow, playOf, settingsOf, type DrillOptions } from './drill-follow.ts'
import { judge, type DrillVerdict } from './drill-verdict.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import { showSession, untilEnd } from './live.ts'
import { answer } from './say.ts'
import { readVersion } from './version.ts'

/** On the screen, until its user quits. */
export async function watchDrill(scenario: Scenario, options: DrillOptions): Promise<ExitCode> {
  const pair = await openPair(scenario.pair)
  const over = new AbortController()
  let session: LiveSession | undefined
  try {
    await import('../screen/open-screen.ts')
    session = await openLive(await settingsOf(scenario, pair, options.engine))
    const following = follow(playOf({ scenario, options, pair, session }, over.signal), over.signal, () => undefined)
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

export interface Played {
  readonly truth: Truth
  readonly verdict: DrillVerdict
  /** The session as text. */
  readonly text: string
}

/** A machine that is late by itself, or shows no adverts, gives no drill: nothing was done to the pair then. */
export type Unplayed = 'interrupted' | 'not begun'

/** One scenario from beginning to end. */
export async function playScenario(
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
    const following = follow(playOf({ scenario, options, pair, session }, over.signal), over.signal, (step) => {
      const text = formatStep(step)
      if (text !== told && step.kind !== 'hold') tell(text)
      told = text
    })
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
