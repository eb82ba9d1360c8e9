// `whylate replay`: a bundle on the live screen, or, where there is no terminal, all that it says as text.

import { reportOverallOf } from '../report/overall.ts'
import { formatSession } from '../report/plain.ts'
import { openReplay, replayAll } from '../session/replay.ts'
import type { ReplaySettings } from '../session/replay-player.ts'
import { spanOf, type Span } from '../time/instant.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import { answer, notice } from './say.ts'

export interface ReplayOptions {
  readonly vrid?: number
  readonly interval?: Span
  readonly late?: Span
  readonly budget: number
  /** Undefined: as fast as it goes, and then the end. */
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

export async function runReplay(path: string, options: ReplayOptions): Promise<ExitCode> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return replayAsText(path, options)
  const session = await openReplay(path, settingsOf(options), { speed: options.speed ?? Infinity, at: undefined })
  try {
    const { openScreen } = await import('../screen/open-screen.ts')
    await Promise.race([openScreen({ source: session, terminal: process, onQuit: () => undefined }), session.failure])
  } finally {
    await session.stop()
    tell(session.bundle.remarks, session.bundle.complaints)
  }
  return session.bundle.complaints.length > 0 ? exitCode.bundle : exitCode.done
}
