// The one engine: what the probes say goes in, snapshots come out. Live, record and replay differ only in who feeds it.
//
//   bytes ─▶ parser (one per probe, part and life) ─▶ intake ─▶ columns + flows ─┐
//   notices ─▶ probe states, blind spots ────────────────────────────────────────┼─▶ snapshot
//   time passes (tick) ─▶ what is overdue, what settles, what is dropped ────────┘
//
// It has no clock and no child of its own: `tick` tells it what time it is, so that replay is the same code.

import type { ProbeOutput } from '../capture/output.ts'
import { createFlows } from '../diagnose/flows.ts'
import type { Evidence } from '../diagnose/evidence.ts'
import type { Flow, LateAdvert, Overdue, WindowView } from '../diagnose/finding.ts'
import { createKeptWithout } from '../diagnose/keeping.ts'
import type { Advert } from '../events/packet.ts'
import type { BlindSpot, ProbeName, ProbeNotice } from '../events/probe.ts'
import type { CapturedPacket } from '../parse/packet/captured-packet.ts'
import { openStore, type Store } from '../store/store.ts'
import type { ClockPair } from '../time/clock.ts'
import { instantOf, second, type Epoch, type Instant, type Span, type Window } from '../time/instant.ts'
import { createBlindSpots, droppedSpot } from './blind-spots.ts'
import { createDiskIntake, createHostIntake, type HostListener } from './intake/host-intake.ts'
import { createHostNotes } from './intake/host-notes.ts'
import { openInputParser } from './input-parsers.ts'
import { createKernelIntake } from './intake/kernel-intake.ts'
import { createKernelVantages, type PlacedVantage } from './kernels/kernel-vantages.ts'
import { createLateWindows } from './late-windows.ts'
import { createLetGo } from './let-go.ts'
import { createPacketIntake } from './intake/packet-intake.ts'
import { createProbeParsers } from './probe-parsers.ts'
import { createProbeStates } from './probe-states.ts'
import { createOverallWatch } from './overall-watch.ts'
import { createTimelines } from './timelines.ts'
import { createLogLines } from './intake/log-lines.ts'
import { createSendWitness } from './senders/send-witness.ts'
import { comesBesideGuest, createSenders } from './senders/senders.ts'
import { createSessionClock } from './session-clock.ts'
import type { Snapshot, SnapshotRequest } from './snapshot.ts'
import { snapshotOf } from './snapshot-of.ts'
import { guestOf, type Guest } from './kernels/guests.ts'
import { standOf } from './kernels/guest-stand.ts'

export interface EngineOptions {
  readonly origin: Epoch
  readonly mode: Snapshot['mode']
  readonly host: string
  readonly startedAt: Instant
  readonly budgetBytes: number
  /** `--interval`, `--late`, `--vrid`, `-i`. */
  readonly interval: Span | undefined
  readonly late: Span | undefined
  readonly vrid: number | undefined
  readonly links: readonly string[]
  /** What the only link is called, where the capture does not say: the `-i` of a capture of one interface. */
  readonly link: string | undefined
  /** Names of the captures that will come; '' for the only one. */
  readonly parts: readonly string[]
  /** `--guest`: the parts of sysdig that run on other kernels, each told of by our clock and stamped by its own. */
  readonly guests?: readonly string[]
  /** `--filter`: every packet of the capture is a heartbeat, whatever it is. */
  readonly isHeartbeat: boolean
  /** Block devices by `major:minor`. */
  readonly devices?: Readonly<Record<string, string>>
  /** Told of each advert that counts, with the packet that it is; its bytes are good only until this returns. */
  readonly onAdvert?: (advert: Advert, packet: CapturedPacket) => void
  /** So many late adverts stay in memory; undefined: all, for what ends. */
  readonly lateKept?: number
  /** The two clocks at the start, so that the first monotonic stamps have an instant. */
  readonly clockPair: ClockPair | undefined
}

export interface Engine {
  take(output: ProbeOutput): void
  tick(now: Instant): void
  snapshot(request: SnapshotRequest): Snapshot
  /**
   * All input is in: what is half read is malformed, what waits for a next advert settles. Stopped by the operator, there
   * is more input, and what is half read is no fault of it.
   */
  end(isStopped?: boolean): void
  /** Sums up one more late advert, which takes some milliseconds; undefined when there is none. `isOver`: after `end`. */
  judge(isOver: boolean): WindowView | undefined
  /**
   * A stretch that the owner of the input knows could not be seen: a file that begins late, or is damaged. `part`: of this
   * kernel, by its own clock.
   */
  blind(spot: BlindSpot, part?: string): void
  /** The input is a flight recording: of the kernel engine and the host sampler only these stretches are whole. */
  keepOnly(windows: readonly Window[]): void
  /** The kernels that were recorded, and where each of them is. */
  kernels(): readonly PlacedVantage[]
  /** Stamp of the newest event of a probe, by its own clock, for one of its parts: how far its input has been read. */
  heardOf(probe: ProbeName, part: string): Instant | undefined
  readonly firstPacketAt: Instant | undefined
  /** Places in a probe's input that could not be read, so far. */
  malformedOf(probe: ProbeName, part: string): number
  readonly store: Store
  readonly evidence: Evidence
  readonly late: readonly LateAdvert[]
  flows(): readonly Flow[]
  /** As far as the host's search found them. */
  guests(): readonly Guest[]
  /** All captures end here: nobody looked later, so from now on nothing is overdue by more than it was then. */
  endCaptures(at: Instant): void
  /** What was due by then and had not come, of what is known by now. */
  overdueAt(at: Instant): readonly Overdue[]
}

/** Only kernels are told apart in the list of probes: the captures of tcpdump are one. */
const rowOf = (probe: ProbeName, part: string): string => (probe === 'sysdig' ? part : '')

function perPart<T>(open: () => T): (part: string) => T {
  const all = new Map<string, T>()
  return (part) => {
    const one = all.get(part) ?? open()
    all.set(part, one)
    return one
  }
}

export function openEngine(options: EngineOptions): Engine {
  const { origin } = options
  const guests: ReadonlySet<string> = new Set(options.guests)
  const store = openStore(options.budgetBytes)
  const flows = createFlows(options)
  const blindSpots = createBlindSpots()
  const kernelSpots = perPart(createBlindSpots)
  const clock = createSessionClock(flows, blindSpots)
  const notes = createHostNotes()
  let now = options.startedAt
  let arrival = options.startedAt
  let measuredAt = instantOf(-Infinity)
  let version = 0
  let hasEnded = false
  let capturesEndAt = instantOf(Infinity)
  let kept: readonly Window[] | undefined
  let linkNames: Readonly<Record<number, string>> = {}
  if (options.clockPair !== undefined) clock.note(options.clockPair)

  const states = createProbeStates({
    spotsOf: (probe, part) => (probe === 'sysdig' ? kernelSpots(part) : blindSpots),
    told: blindSpots,
    startedAt: options.startedAt,
    arrival: (part) => (guests.has(part) ? kernels.of(part).lastAt : undefined) ?? arrival,
  })
  const packets = createPacketIntake(store, flows, states.tallyOf('tcpdump'), options.parts)
  const kernels = createKernelVantages({
    origin,
    session: store,
    isLive: options.mode === 'live',
    guests,
    host: options.host,
    now: () => now,
    kept: () => kept,
    isGuests: (source) => flows.flows().some((flow) => flow.source === source && senders.qemuOf(flow) !== undefined),
    tallyOf: (part) => states.tallyOf('sysdig', part),
    blindSpotsOf: kernelSpots,
    told: () => blindSpots.all,
    onLost: (part, from, to, events) => states.lost('sysdig', part, from, to, events),
  })
  const bpftrace = createKernelIntake(store, states.tallyOf('bpftrace'), (from, to, events) =>
    states.lost('bpftrace', '', from, to, events),
  )
  let captureDrops = 0
  const log = createLogLines(states.tallyOf('log'), (dropped) => {
    captureDrops += dropped
    takeNotice({ kind: 'drops', probe: 'tcpdump', at: arrival, total: captureDrops })
  })
  const witness = createSendWitness(
    () => kernels.store,
    () => evidence.kept,
  )
  const senders = createSenders(
    witness,
    (source, at) => kernels.here?.sources.among(source, at) ?? [],
    (flow) => kernels.guestOf(flow) !== undefined,
    (flow) => comesBesideGuest(flow, flows.flows(), (one) => kernels.guestOf(one) !== undefined),
  )

  const keptNow = createKeptWithout()
  const evidence: Evidence = {
    get store() {
      return kernels.store
    },
    senderOf: (flow, at) => senders.senderOf(flow, at),
    isOurs: (pid) => notes.isOurs(pid),
    get blindSpots() {
      return [...blindSpots.all, ...store.gone.map(droppedSpot), ...kernels.blindSpots]
    },
    clockSteps: clock.steps,
    late: flows.late,
    issued: (advert) => kernels.issued(advert),
    guestOf: (flow) => kernels.guestOf(flow),
    vmOf: (pid) => senders.vmOf(pid),
    cgroupsOf: (pid) => notes.cgroups.of(pid),
    log: {
      get lines() {
        return log.lines
      },
      spans: log.spans,
      clockOf: (file) => kernels.clockOf(file),
    },
    fact: (key) => notes.fact(key),
    get kept() {
      return keptNow(kept, kernels.gone)
    },
    get recorded() {
      return kept
    },
  }
  const windows = createLateWindows(
    evidence,
    flows.late,
    () => flows.flows(),
    (window) => kernels.pin(window),
    () => kernels.placeAnew(),
  )
  const letGo = createLetGo(store, flows, blindSpots, options.startedAt)
  const sendingFlows = (): Flow[] =>
    flows.flows().map((flow) => {
      const sender = senders.senderOf(flow)
      const isNamed = sender?.kind === 'qemu' && sender.name !== sender.comm
      return { ...flow, sender: sender?.name, ...(isNamed ? { guest: sender.name } : {}) }
    })
  const guestsHere = (): Guest[] => senders.qemus.map((one) => guestOf(one, notes.cgroups.of(one.pid) ?? []))
  const timelines = createTimelines(evidence, sendingFlows)
  const overallAt = createOverallWatch(windows, () => flows.flows(), evidence, origin)

  const hostListener: HostListener = {
    clockPair: (pair) => clock.note(pair),
    senders: (at, all) => senders.learn(all, at, flows.flows()),
    threads: (all) => senders.sampled(all),
    cgroupsOf: (pid, paths) => notes.cgroups.add(pid, paths),
    facts: (at, facts) => notes.facts(at, facts),
    own: (tids) => notes.own(tids),
  }
  const parsers = createProbeParsers(
    openInputParser(options, {
      packets,
      kernels,
      bpftrace,
      disks: () => createDiskIntake(store, states.tallyOf('iostat')),
      host: () => createHostIntake(store, states.tallyOf('host'), hostListener),
      log: log.sink,
      clock,
      senders,
      linkName: (index) => linkNames[index],
    }),
  )
  store.names.addHolder(parsers.markNames)

  function heardUntil(probe: ProbeName, part: string): Instant | undefined {
    if (probe === 'tcpdump') return packets.lastAt
    if (probe === 'sysdig') return kernels.of(part).lastAt
    return probe === 'bpftrace' ? bpftrace.lastAt : undefined
  }

  function heardOf(probe: ProbeName, part: string): Instant | undefined {
    if (probe === 'tcpdump') return packets.lastOf(part)
    if (probe === 'iostat') return store.disks.lastAt
    return probe === 'host' ? store.beats.lastAt : heardUntil(probe, part)
  }

  function takeNotice(notice: ProbeNotice): void {
    if (notice.kind === 'links') linkNames = notice.names
    if (notice.kind === 'started' && notice.inside !== undefined) kernels.of(notice.part ?? '').own(notice.inside)
    if (notice.kind === 'ended' && notice.probe === 'tcpdump') packets.release(instantOf(Infinity))
    states.notice(notice, heardUntil(notice.probe, notice.part ?? ''))
  }

  function tick(at: Instant): void {
    now = at
    packets.release(at)
    flows.passTo(at)
    windows.pin()
    store.trim(kernels.trim())
    letGo.tell(at)
    if (at - measuredAt >= 0.9 * second) {
      states.measure(at)
      measuredAt = at
    }
    version++
  }

  /** Without a capture nothing can be said to be overdue: it may well be on the wire. */
  function overdueAt(at: Instant): readonly Overdue[] {
    const state = states.stateOf('tcpdump')
    return state === 'ok' || state === 'degraded' ? flows.overdue(at) : []
  }

  return {
    blind: (spot, part) => (part === undefined ? blindSpots : kernelSpots(part)).add(spot),
    kernels: () => kernels.placed(),
    keepOnly(whole) {
      kept = whole
    },
    heardOf,
    malformedOf: (probe, part) => states.tallyOf(probe, rowOf(probe, part)).malformedCount,
    get firstPacketAt() {
      return packets.firstAt
    },
    store,
    evidence,
    late: flows.late,
    flows: () => flows.flows(),
    guests: guestsHere,
    overdueAt,
    endCaptures(at) {
      capturesEndAt = at
    },
    take(output) {
      arrival = output.at
      if (output.kind !== 'bytes') {
        takeNotice(output)
        return
      }
      states.heard(output.probe, rowOf(output.probe, output.part), output.at)
      parsers.of(output.probe, output.part, output.life).push(output.bytes)
    },
    tick,
    judge: (isOver) => windows.judge(now, isOver),
    end(isStopped = false) {
      hasEnded = true
      if (!isStopped) parsers.end()
      packets.release(instantOf(Infinity))
      flows.passTo(now)
      tick(now)
      kernels.placeAnew()
      windows.forget()
    },
    snapshot: (request) =>
      snapshotOf(request, {
        options,
        version,
        now,
        probes: states.views(),
        kept,
        placed: kernels.placed(),
        stands: (part) => standOf({ part, kernels, senders, store, flows: flows.flows(), now }),
        flows: sendingFlows(),
        guests: guestsHere(),
        overdue: overdueAt(instantOf(Math.min(now, capturesEndAt))),
        late: flows.late,
        windows,
        timelines,
        overall: overallAt(now, hasEnded),
        blindSpots: evidence.blindSpots,
        ownUse: notes.ownUse,
        store,
      }),
  }
}
