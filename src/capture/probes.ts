// All probes of a session behind one door: started together, told of through one listener, stopped together.
//
//   startProbes ──▶ tcpdump   at once
//               ├─▶ iostat    at once
//               ├─▶ the kernel engine: sysdig (module, then BPF), then bpftrace; the first that speaks
//               ├─▶ sysdig in each guest of --guest    at once
//               ├─▶ the logs of --log          at once
//               └─▶ what the caller adds (the host sampler)
//
// What is missing or refused is an `absent` notice with its remedy, never an exception: the session goes on with what
// there is. Only what was typed wrong throws (an interface, a namespace, a log or a filter that does not exist), before
// anything was started.

import { kernelEngines } from '../events/probe.ts'
import { bpftraceSpec, type WatchedProcess } from './bpftrace.ts'
import { joinFailures, startFirstThatSpeaks, type Engine, type EngineFailure, type WantedEngine } from './engine.ts'
import { pathOf, readExecutable, type Executable, type ToolName } from './executable.ts'
import { guardChildren } from './guard.ts'
import type { GuestCommand } from './guest-command.ts'
import { guestLogSpec } from './guest-log.ts'
import { guestSpec } from './guest-probe.ts'
import { beatPlanOf, openHeartbeat, type Heartbeat } from './heartbeat.ts'
import { iostatSpec } from './iostat.ts'
import { journalName, journalSpec } from './journal.ts'
import { followAll } from './log-follower.ts'
import type { OutputListener } from './output.ts'
import type { OwnClock } from './own-clock.ts'
import { checkFilter, checkVantage, tcpdumpFor, type Vantage } from './preflight.ts'
import { supervise, type Supervised } from './supervise.ts'
import { driversOf, sysdigSpec } from './sysdig.ts'
import type { ToolSpec } from './tool-spec.ts'

export interface ProbeOptions extends Vantage {
  readonly engine: WantedEngine
  /** false: --no-iostat */
  readonly hasIostat: boolean
  /** Senders that are known already; for bpftrace, which watches these in full. */
  readonly watched: readonly WatchedProcess[]
  readonly paths: Readonly<Partial<Record<ToolName, string>>>
  /** --log: files, or `journal`. */
  readonly logs?: readonly string[]
  /** --log NAME=COMMAND: those inside guests. */
  readonly guestLogs?: readonly GuestCommand[]
  /** --guest */
  readonly guests?: readonly GuestCommand[]
}

/** A probe that is not a child: the host sampler. It tells the same listener. */
export type StartProbe = (clock: OwnClock, listener: OutputListener) => Promise<{ stop(): Promise<void> }>

export interface RunningProbes {
  /** ifindex to name, as it was at the start: a capture of `any` holds numbers only. */
  readonly links: ReadonlyMap<number, string>
  /** Which engine runs; once every candidate was tried. At most some 30 s, usually 1. */
  readonly engine: Promise<Engine>
  /** The thread whose calls are the beats, while sysdig runs. */
  heartbeatTid(): number | undefined
  /** Of our children and their guard, not of ourselves. */
  pids(): readonly number[]
  /** Asks the kernel engine for less, by its step-th narrowing; 0: for all of it again. */
  narrow(step: number, because: string): void
  /** How many such steps the engine that runs has. */
  narrowings(): number
  /** Stops reading all pipes, so that nothing queues here. The tools count what they then lose. */
  pause(): void
  resume(): void
  /** Idempotent. Afterwards no child is left and nothing more is told. */
  stop(): Promise<void>
}

/** How often a burst pushes sysdig's stream: no event is older than this when it leaves. */
const beatMs = 100

export async function startProbes(
  options: ProbeOptions,
  clock: OwnClock,
  listener: OutputListener,
  more: readonly StartProbe[] = [],
): Promise<RunningProbes> {
  const links = await checkVantage(options)
  const tcpdump = await readExecutable('tcpdump', options.paths.tcpdump)
  if (tcpdump.kind === 'found') await checkFilter(tcpdump.executable, options)

  const guestLogs = options.guestLogs ?? []
  const names = guestLogs.map(({ name }) => name)
  const followers = await followAll(options.logs ?? [], clock, listener, names)
  const children: Supervised[] = []
  let heartbeat: Heartbeat | undefined
  let kernel: Supervised | undefined
  let stopping: Promise<void> | undefined
  let isPaused = false
  const isWanted = (): boolean => stopping === undefined
  const tellAbsent = (probe: ToolName, reason: string, remedy: string): void =>
    listener({ kind: 'absent', probe, at: clock.now(), reason, remedy })

  function run(spec: ToolSpec, listening: OutputListener): Supervised {
    const child = supervise(spec, clock, listening)
    if (isPaused) child.pause()
    children.push(child)
    return child
  }

  if (tcpdump.kind === 'found') run(tcpdumpFor(tcpdump.executable, options), listener)
  else tellAbsent('tcpdump', tcpdump.reason, tcpdump.remedy)

  if (options.logs?.includes(journalName) === true) startJournal()

  for (const guest of options.guests ?? []) run(guestSpec(guest), listener)
  for (const way of guestLogs) run(guestLogSpec(way), logListener(way.name))

  /** The row of the logs is one; whose lines they are is told with them. */
  function logListener(part: string): OutputListener {
    return (output) => listener(output.kind === 'bytes' ? { ...output, part } : output)
  }

  function startJournal(): void {
    const path = pathOf('journalctl')
    const remedy = 'give the file that keepalived’s lines go to with --log PATH'
    if (path === undefined)
      listener({ kind: 'absent', probe: 'log', at: clock.now(), reason: 'journalctl is not installed', remedy })
    else run(journalSpec(path), logListener(journalName))
  }

  async function startIostat(): Promise<void> {
    if (!options.hasIostat) return
    const found = await readExecutable('iostat', options.paths.iostat)
    if (found.kind === 'missing') tellAbsent('iostat', found.reason, found.remedy)
    else if (isWanted()) run(iostatSpec(found.executable.path, found.executable.version), listener)
  }

  async function candidatesOf(tool: 'sysdig' | 'bpftrace', absences: EngineFailure[]): Promise<readonly ToolSpec[]> {
    const found = await readExecutable(tool, options.paths[tool])
    if (found.kind === 'found')
      return tool === 'sysdig' ? sysdigSpecs(found.executable) : [bpftraceOf(found.executable)]
    absences.push({ probe: tool, reason: found.reason, remedy: found.remedy })
    return []
  }

  const bpftraceOf = ({ path, version }: Executable): ToolSpec =>
    bpftraceSpec({ path, version, watched: options.watched })

  async function sysdigSpecs({ path, version }: Executable): Promise<readonly ToolSpec[]> {
    try {
      heartbeat = await openHeartbeat(beatPlanOf(beatMs))
    } catch (error) {
      const text = `sysdig runs without its heartbeat (${String(error)}): on a quiet host it lags by seconds`
      listener({ kind: 'said', probe: 'sysdig', at: clock.now(), text })
    }
    const heartbeatTid = heartbeat?.tid
    return driversOf(version).map((driver) => sysdigSpec({ path, version, driver, ownPid: process.pid, heartbeatTid }))
  }

  async function startEngine(): Promise<Engine> {
    const order = options.engine === 'auto' ? kernelEngines : [options.engine]
    const absences: EngineFailure[] = []
    for (const tool of order) {
      if (tool === 'none' || !isWanted()) break
      listener({ kind: 'starting', probe: tool, at: clock.now() })
      const started = await startFirstThatSpeaks(await candidatesOf(tool, absences), run, listener, isWanted)
      // One engine is enough: that bpftrace stands in for sysdig is no blind spot; `whylate doctor` says why it does.
      kernel = started.running
      if (kernel !== undefined) return tool
      await closeHeartbeat()
      const failure = joinFailures(started.failures, tool)
      if (failure !== undefined) absences.push(failure)
    }
    if (isWanted()) for (const { probe, reason, remedy } of absences) tellAbsent(probe as ToolName, reason, remedy)
    return 'none'
  }

  async function closeHeartbeat(): Promise<void> {
    const open = heartbeat
    heartbeat = undefined
    await open?.close()
  }

  const engine = startEngine()
  const iostat = startIostat()
  const added = Promise.all(more.map((start) => start(clock, listener)))

  async function end(): Promise<void> {
    await Promise.all([...children].map((child) => child.stop()))
    // What was still being started when the stop came.
    await Promise.all([engine, iostat])
    await Promise.all([...children].map((child) => child.stop()))
    await closeHeartbeat()
    await Promise.all(followers.map((follower) => follower.stop()))
    await Promise.all((await added).map((probe) => probe.stop()))
  }

  const running: RunningProbes = {
    links,
    engine,
    heartbeatTid: () => heartbeat?.tid,
    pids: () => [...children.map((child) => child.pid()), guardChildren().pid].filter((pid) => pid !== undefined),
    narrow: (step, because) => kernel?.narrow(step, because),
    narrowings: () => kernel?.spec.narrowings?.length ?? 0,
    pause() {
      isPaused = true
      for (const child of children) child.pause()
    },
    resume() {
      isPaused = false
      for (const child of children) child.resume()
    },
    stop: () => (stopping ??= end()),
  }
  try {
    await Promise.all([iostat, added])
  } catch (error) {
    await Promise.all([...children, ...followers].map((one) => one.stop()))
    throw error
  }
  return running
}
