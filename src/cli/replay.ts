// `whylate replay`: a bundle on the live screen, or, where there is no terminal, all that it says as text.

import { hostText } from '../report/display-width.ts'
import { barOf } from '../report/glyphs.ts'
import { reportOverallOf } from '../report/overall.ts'
import { formatSession } from '../report/plain.ts'
import { openReplay, type ReplaySession } from '../session/replay/replay-session.ts'
import { replayAll } from '../session/replay/replay.ts'
import type { ReplaySettings } from '../session/replay/replay-player.ts'
import { spanOf, type Span } from '../time/instant.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import { exportWindow } from './export-window.ts'
import { holdEndings } from './held-endings.ts'
import { progressPhrase, sizeOf } from './progress.ts'
import { answer, notice } from './say.ts'
import { readVersion } from './version.ts'

export interface ReplayOptions {
  readonly vrid?: number
  readonly interval?: Span
  readonly late?: Span
  readonly budget: number
  /** Undefined: it is read, and stands at its end. */
  readonly speed?: number
}

const settingsOf = (options: ReplayOptions): ReplaySettings => ({
  budgetBytes: options.budget,
  interval: options.interval === undefined ? undefined : spanOf(options.interval),
  late: options.late,
  vrid: options.vrid,
})

function tell(remarks: readonly string[], complaints: readonly string[]): void {
  for (const sentence of [...remarks, ...complaints]) notice(`whylate: ${sentence}`)
}

/** Everything readable is told; damage shows in the exit code. */
async function replayAsText(path: string, options: ReplayOptions): Promise<ExitCode> {
  const { snapshot, session, remarks, complaints } = await replayAll(path, settingsOf(options))
  answer(formatSession(snapshot, reportOverallOf(session.windows, session).summary))
  tell(remarks, complaints)
  if (complaints.length > 0) return exitCode.bundle
  return snapshot.late.length > 0 ? exitCode.late : exitCode.done
}

const toldAfterMs = 300
const toldEveryMs = 100
/** A reading that took longer is kept beside the bundle. */
const indexedFromMs = 2000

/** A packed bundle is unpacked before there is a screen: a bar on stderr when it takes its time, and Ctrl-C gives it up. */
async function openUnpacked(path: string, options: ReplayOptions): Promise<ReplaySession> {
  const giveUp = new AbortController()
  const abort = (): void => giveUp.abort()
  const startedMs = performance.now()
  const sizeBytes = sizeOf(path)
  let nextMs = startedMs + toldAfterMs
  const onUnpacked = (share: number): void => {
    const nowMs = performance.now()
    if (nowMs < nextMs) return
    nextMs = nowMs + toldEveryMs
    const phrase = progressPhrase(share * sizeBytes, sizeBytes, nowMs - startedMs)
    const line = `unpacking ${barOf(share, 20)} ${phrase}, Ctrl-C gives up  ${path}`
    process.stderr.write(`\r${hostText(line, Math.max(20, (process.stderr.columns ?? 80) - 1))}\x1b[K`)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, abort)
  try {
    const begin = { speed: options.speed, index: { program: readVersion(), fromMs: indexedFromMs } }
    return await openReplay(path, settingsOf(options), begin, { onUnpacked, signal: giveUp.signal })
  } finally {
    if (nextMs > startedMs + toldAfterMs) process.stderr.write('\r\x1b[K')
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, abort)
  }
}

export async function runReplay(path: string, options: ReplayOptions): Promise<ExitCode> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return replayAsText(path, options)
  const until = holdEndings()
  const session = await openUnpacked(path, options)
  try {
    const { openScreen } = await import('../screen/open-screen.ts')
    await openScreen({
      source: { ...session, transport: session },
      terminal: process,
      exportWindow,
      // A defect of the engine closes the screen before it is told of.
      until: Promise.race([until, session.failure]),
      onQuit: () => undefined,
    })
  } finally {
    await session.stop()
    tell(session.bundle.remarks, session.bundle.complaints)
  }
  return session.bundle.complaints.length > 0 ? exitCode.bundle : exitCode.done
}
