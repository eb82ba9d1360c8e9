// `whylate record`: the probes without a screen, into a bundle, until somebody or something ends it.
//
// It has to outlive its terminal: SIGHUP ends it cleanly like SIGINT and SIGTERM, a second one changes nothing, and a
// stderr that is gone is no reason to stop.

import { setTimeout as sleep } from 'node:timers/promises'
import { hostText } from '../report/display-width.ts'
import { printable } from '../report/printable.ts'
import { openRecord, type Recording } from '../session/record.ts'
import type { Snapshot } from '../session/snapshot.ts'
import { formatSpan } from '../time/format.ts'
import { spanOf, type Span } from '../time/instant.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import type { LiveOptions } from './live-options.ts'
import { formatSize } from './size.ts'
import { answer, notice } from './say.ts'
import { settingsOf } from './settings.ts'
import { formatUnit } from './systemd-unit.ts'
import { readVersion } from './version.ts'

export interface RecordOptions extends LiveOptions {
  readonly output?: string
  readonly maxSize?: number
  readonly maxLate?: number
  readonly keepSecrets?: boolean
  readonly quiet?: boolean
  readonly systemd?: boolean
}

const lineEveryMs = 10_000
const redrawEveryMs = 500
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const asked: Readonly<Record<(typeof endings)[number], string>> = {
  SIGINT: 'it was interrupted (SIGINT)',
  SIGTERM: 'it was asked to end (SIGTERM)',
  SIGHUP: 'its terminal is gone (SIGHUP)',
}

function progressOf(recording: Recording, snapshot: Snapshot, left: Span | undefined): string {
  const { probes, flows, late, overdue } = snapshot
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
  const perSecond = Math.round(sum(probes.map((probe) => probe.perSecond)))
  const dropped = sum(probes.map((probe) => probe.dropped))
  const adverts = sum(flows.map((flow) => flow.adverts))
  const troubled = probes.filter((probe) => probe.state !== 'ok' && probe.state !== 'starting')
  return [
    formatSpan(snapshot.runningFor),
    `${adverts} adverts`,
    `${late.at(-1)?.number ?? 0} late`,
    ...(overdue.length > 0 ? [`${overdue.length} overdue`] : []),
    `${perSecond} events/s`,
    `${dropped} dropped`,
    formatSize(recording.sizeBytes),
    ...(recording.lostBytes > 0 ? [`${formatSize(recording.lostBytes)} not recorded`] : []),
    ...(left === undefined ? [] : [`${formatSpan(left)} left`]),
    ...troubled.map((probe) => `${probe.name} ${probe.state}`),
  ].join(', ')
}

/** Tells how it goes, on stderr, until it is stopped: a line that is written over, or one each 10 s. */
function tellProgress(recording: Recording, endsMs: number | undefined): () => void {
  const isTerminal = process.stderr.isTTY
  let told = -Infinity
  const tell = (): void => {
    const nowMs = performance.now()
    if (!isTerminal && nowMs - told < lineEveryMs) return
    told = nowMs
    const left = endsMs === undefined ? undefined : spanOf(Math.max(0, endsMs - nowMs) * 1e6)
    const text = progressOf(recording, recording.session.snapshot(), left)
    if (!isTerminal) notice(text)
    else process.stderr.write(`\r${hostText(text, Math.max(20, process.stderr.columns - 1))}\x1b[K`)
  }
  const timer = setInterval(tell, redrawEveryMs)
  return () => {
    clearInterval(timer)
    if (isTerminal) process.stderr.write('\r\x1b[K')
  }
}

async function untilOver(recording: Recording, forNs: number | undefined, signalled: Promise<string>): Promise<string> {
  const over = new AbortController()
  const time =
    forNs === undefined
      ? new Promise<never>(() => undefined)
      : sleep(forNs / 1e6, 'its time is over (--for)', { signal: over.signal })
  time.catch(() => undefined)
  const full = recording.over.then(({ because }) => because)
  try {
    return await Promise.race([signalled, full, time, recording.session.failure])
  } finally {
    over.abort()
  }
}

export async function runRecord(options: RecordOptions, argv: readonly string[]): Promise<ExitCode> {
  if (options.systemd === true) {
    answer(formatUnit(argv))
    return exitCode.done
  }
  let hangUp: (because: string) => void = () => undefined
  let isHungUp = false
  const signalled = new Promise<string>((resolve) => (hangUp = resolve))
  for (const signal of endings)
    process.on(signal, () => {
      isHungUp ||= signal === 'SIGHUP'
      hangUp(asked[signal])
    })
  // A terminal that is gone gives EIO; there is nobody left to tell.
  process.stderr.on('error', () => undefined)
  const recording = await openRecord({
    ...settingsOf(options),
    path: options.output ?? '.',
    keepsSecrets: options.keepSecrets === true,
    maxSizeBytes: options.maxSize,
    maxLate: options.maxLate,
    program: { version: readVersion(), commandLine: argv },
  })
  const isQuiet = options.quiet === true
  if (!isQuiet) notice(`whylate: recording to ${recording.path}; Ctrl-C, SIGTERM or SIGHUP ends it`)
  const endsMs = options.for === undefined ? undefined : performance.now() + options.for / 1e6
  const quieten = isQuiet ? () => undefined : tellProgress(recording, endsMs)
  let isRefused = false
  void recording.over.then(({ isRefusal }) => (isRefused = isRefusal))
  let because = 'a defect of whylate'
  let last: Snapshot | undefined
  try {
    because = await untilOver(recording, options.for, signalled)
  } finally {
    quieten()
    last = await recording.stop(because)
  }
  return conclude(recording, last, { because, isRefused, isQuiet, isHungUp })
}

interface Conclusion {
  readonly because: string
  readonly isRefused: boolean
  readonly isQuiet: boolean
  readonly isHungUp: boolean
}

function conclude(recording: Recording, { flows, late, fault }: Snapshot, how: Conclusion): ExitCode {
  if (!how.isQuiet || how.isRefused) notice(`whylate: ended because ${how.because}`)
  if (how.isRefused) notice(`  Make room, or give another -o; whylate replay ${recording.path} reads what there is`)
  const adverts = flows.reduce((sum, flow) => sum + flow.adverts, 0)
  const summary = `${recording.path}: ${adverts} adverts, ${late.at(-1)?.number ?? 0} late, ${formatSize(recording.sizeBytes)}`
  if (!how.isHungUp && !how.isQuiet) answer(`${printable(summary)}\n`)
  if (how.isRefused || (fault !== undefined && flows.length === 0)) {
    if (fault !== undefined) notice(`whylate: ${fault}`)
    return exitCode.cannotRun
  }
  return late.length > 0 ? exitCode.late : exitCode.done
}
