// `whylate [live]`: the screen over a live session, or, where there is no terminal, the same as lines of text.

import { setTimeout as sleep } from 'node:timers/promises'
import { formatNews, formatNotes, formatSession } from '../report/plain.ts'
import { openLive, type LiveSession } from '../session/live.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import { exportWindow } from './export-window.ts'
import type { LiveOptions } from './live-options.ts'
import { holdEndings } from './held-endings.ts'
import { answer, notice } from './say.ts'
import { settingsOf } from './settings.ts'

const hasTerminal = (): boolean => process.stdin.isTTY && process.stdout.isTTY

/** Resolves at the first of: a signal that asks us to end, the time limit, `until`. */
export async function untilEnd(forNs: number | undefined, until?: Promise<unknown>): Promise<void> {
  const over = new AbortController()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const end = (): void => over.abort()
  for (const signal of signals) process.on(signal, end)
  const asked = new Promise<void>((resolve) => over.signal.addEventListener('abort', () => resolve(), { once: true }))
  try {
    const waits: Promise<unknown>[] = [asked]
    if (forNs !== undefined)
      waits.push(sleep(forNs / 1e6, undefined, { signal: over.signal, ref: true }).catch(() => undefined))
    if (until !== undefined) waits.push(until)
    await Promise.race(waits)
  } finally {
    over.abort()
    for (const signal of signals) process.off(signal, end)
  }
}

/** Without a capture there will never be an advert: nobody need wait for one. */
const hasNoCapture = (snapshot: Snapshot): boolean =>
  snapshot.probes.some((probe) => probe.name === 'tcpdump' && probe.state === 'absent')

/** What is new, as it comes, on stdout: each late advert with its window. Probes' troubles go to stderr. */
export async function followAsText(
  session: LiveSession,
  forNs: number | undefined,
  until?: Promise<unknown>,
): Promise<void> {
  let told = session.snapshot()
  const nothingToDo = new AbortController()
  const stop = session.subscribe(() => {
    const snapshot = session.snapshot()
    answer(formatNews(told, snapshot))
    told = snapshot
    if (hasNoCapture(snapshot)) nothingToDo.abort()
  })
  const idle = new Promise<void>((resolve) => nothingToDo.signal.addEventListener('abort', () => resolve()))
  try {
    await Promise.race([untilEnd(forNs, until === undefined ? idle : Promise.race([until, idle])), session.failure])
  } finally {
    stop()
  }
}

export async function showSession(
  session: LiveSession,
  forNs: number | undefined,
  until?: Promise<unknown>,
): Promise<void> {
  if (!hasTerminal()) {
    await followAsText(session, forNs, until)
    return
  }
  // Only what draws loads Ink.
  const { openScreen } = await import('../screen/open-screen.ts')
  const waits = [until, forNs === undefined ? undefined : sleep(forNs / 1e6, undefined, { ref: false })].filter(
    (one) => one !== undefined,
  )
  await openScreen({
    source: session,
    terminal: process,
    exportWindow,
    // A defect of the engine closes the screen before it is told of.
    until: Promise.race([session.failure, ...waits]),
    onQuit: () => undefined,
  })
}

export async function runLive(options: LiveOptions): Promise<ExitCode> {
  const settings = settingsOf(options)
  if (!hasTerminal()) notice('whylate: watching; late adverts are told as they come. Ctrl-C ends it with a summary.')
  // Ink takes 0.3 s to load, longer on a busy host: before the probes run, so that nobody waits for us to read.
  if (hasTerminal()) await import('../screen/open-screen.ts')
  const until = holdEndings()
  const session = await openLive(settings)
  try {
    await showSession(session, options.for, until)
  } finally {
    if (hasTerminal()) notice('whylate: ending the probes …')
    const last = await session.stop()
    if (!hasTerminal()) answer(`\n${formatSession(last)}`)
    else answer(formatNotes(session.snapshot()))
  }
  const { fault, late } = session.snapshot()
  if (fault !== undefined && session.snapshot().flows.length === 0) return exitCode.cannotRun
  return late.length > 0 ? exitCode.late : exitCode.done
}
