// The one engine: what the probes say goes in, snapshots come out. Live, record and replay differ only in who feeds it.
//
//   bytes ─▶ parser (one per probe, part and life) ─▶ intake ─▶ columns + flows ─┐
//   notices ─▶ probe states, blind spots ────────────────────────────────────────┼─▶ snapshot
//   time passes (tick) ─▶ what is overdue, what settles, what is dropped ────────┘
//
// It has no clock and no child of its own: `tick` tells it what time it is, so that replay is the same code.

import type { ProbeOutput } from '../capture/output.ts'
import { windowView, windowOf } from '../diagnose/window-view.ts'
import { createFlows } from '../diagnose/flows.ts'
import type { Evidence } from '../diagnose/evidence.ts'
import type { Flow, LateAdvert, WindowView } from '../diagnose/finding.ts'
import type { StreamParser } from '../events/outcome.ts'
import type { Advert, PacketSink } from '../events/packet.ts'
import type { BlindSpot, ProbeName, ProbeNotice } from '../events/probe.ts'
import { createBpftraceParser } from '../parse/bpftrace.ts'
import { createHostParser } from '../parse/host.ts'
import { createIostatParser } from '../parse/iostat.ts'
import { createIostatTextParser } from '../parse/iostat/text.ts'
import { createCaptureParser } from '../parse/pcap/capture-parser.ts'
import { createScapParser } from '../parse/scap/scap-parser.ts'
import { createSniffingParser } from '../parse/sniffing-parser.ts'
import { createSysdigTextParser } from '../parse/sysdig-text.ts'
import { openStore, type Store } from '../store/store.ts'
import { createClockMap, type ClockPair, type ClockStep } from '../time/clock.ts'
import {
  after,
  before,
  between,
  instantOf,
  second,
  spanOf,
  type Epoch,
  type Instant,
  type Span,
} from '../time/instant.ts'
import { createBlindSpots } from './blind-spots.ts'
import { createDiskIntake, createHostIntake } from './host-intake.ts'
import { createIssuedAdverts } from './issued-adverts.ts'
import { createKernelIntake } from './kernel-intake.ts'
import { createPacketIntake } from './packet-intake.ts'
import { createProbeStates } from './probe-states.ts'
import { heartbeatOf } from './heartbeat.ts'
import { ownUseOf, unknownUse } from './own-use.ts'
import { createMemberships } from './memberships.ts'
import { createSendWitness } from './send-witness.ts'
import { createSenders } from './senders.ts'
import { createTextSenders } from './text-senders.ts'
import type { Snapshot, SnapshotRequest } from './snapshot.ts'

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
  /** `--filter`: every packet of the capture is a heartbeat, whatever it is. */
  readonly isHeartbeat: boolean
  /** Block devices by `major:minor`. */
  readonly devices?: Readonly<Record<string, string>>
  /** The two clocks at the start, so that the first monotonic stamps have an instant. */
  readonly clockPair: ClockPair | undefined
}

export interface Engine {
  take(output: ProbeOutput): void
  tick(now: Instant): void
  snapshot(request: SnapshotRequest): Snapshot
  /** All input is in: what is half read is malformed, what waits for a next advert settles. */
  end(): void
  /** A stretch that the owner of the input knows could not be seen: a file that begins late, or is damaged. */
  blind(spot: BlindSpot): void
  /** Stamp of the newest event of a probe, for captures of one of its parts: how far its input has been read. */
  heardOf(probe: ProbeName, part: string): Instant | undefined
  readonly firstPacketAt: Instant | undefined
  /** Places in a probe's input that could not be read, so far. */
  malformedOf(probe: ProbeName): number
  readonly store: Store
  readonly evidence: Evidence
  readonly late: readonly LateAdvert[]
  flows(): readonly Flow[]
}

/** How long a window goes on changing: slow probes (iostat, scap in 8 KiB pieces) speak of it later. */
const windowSettlesAfter = 4 * second
const pinMargin = spanOf(1e9)
/** A snapshot stays small, however long the night was. */
const lateShown = 500
const blindSpotsShown = 200

export function openEngine(options: EngineOptions): Engine {
  const { origin } = options
  const store = openStore(options.budgetBytes)
  const flows = createFlows({ interval: options.interval, late: options.late })
  const blindSpots = createBlindSpots()
  const clock = createClockMap()
  const clockSteps: ClockStep[] = []
  const senders = createSenders(createSendWitness(store))
  const issued = createIssuedAdverts()
  let now = options.startedAt
  let arrival = options.startedAt
  let measuredAt = instantOf(-Infinity)
  let version = 0
  let pinned = 0
  let ownTids = new Set<number>()
  let ownUse = unknownUse
  let linkNames: Readonly<Record<number, string>> = {}
  let cached: { readonly view: WindowView; readonly madeAt: Instant; readonly late: LateAdvert } | undefined
  const parsers = new Map<string, { readonly parser: StreamParser; readonly life: number }>()

  const states = createProbeStates(blindSpots, options.startedAt, () => arrival)
  const packets = createPacketIntake(store, flows, states.tallyOf('tcpdump'), options.parts)
  const kernels = {
    sysdig: createKernelIntake(store, states.tallyOf('sysdig'), (from, to, events) =>
      states.lost('sysdig', from, to, events),
    ),
    bpftrace: createKernelIntake(store, states.tallyOf('bpftrace'), (from, to, events) =>
      states.lost('bpftrace', from, to, events),
    ),
  }

  function notePair(pair: ClockPair): void {
    const step = clock.add(pair)
    if (step === undefined) return
    clockSteps.push(step)
    flows.clockStep(step)
    blindSpots.add({
      source: 'clock',
      from: before(step.at, second),
      to: step.at,
      reason: 'CLOCK_REALTIME was stepped: stamps before and after do not compare',
      remedy: undefined,
    })
  }
  if (options.clockPair !== undefined) notePair(options.clockPair)

  const cgroups = createMemberships()
  const evidence: Evidence = {
    store,
    senderOf: (flow) => senders.senderOf(flow),
    isOurs: (pid) => ownTids.has(pid),
    get blindSpots() {
      return blindSpots.all
    },
    clockSteps,
    late: flows.late,
    issued: (source, vrid, ipId) => issued.find(source, vrid, ipId),
    cgroupsOf: (pid) => cgroups.of(pid),
  }

  function isWatched(advert: Advert): boolean {
    return (
      (options.vrid === undefined || advert.vrid === options.vrid) &&
      (options.links.length === 0 || options.links.includes(advert.link))
    )
  }

  function captureSink(part: string): PacketSink {
    const sink = packets.sinkOf(part)
    if (options.isHeartbeat)
      return { ...sink, traffic: (packet) => sink.advert(heartbeatOf(packet, options.interval ?? second)) }
    return {
      ...sink,
      advert: (advert) => (isWatched(advert) ? sink.advert(advert) : sink.ignored('advert of another link or VRID')),
      traffic: (traffic) =>
        options.links.length === 0 || options.links.includes(traffic.link)
          ? sink.traffic(traffic)
          : sink.ignored('packet of another link'),
    }
  }

  function openScap(): StreamParser {
    const parser = createScapParser({
      origin,
      sink: kernels.sysdig,
      adverts: {
        sentAdvert(at, _enterAt, tid, ipId, vrid, source, result) {
          issued.add(source, vrid, ipId, { at, result })
          const thread = parser.threadOf(tid)
          senders.sent(source, tid, thread?.pid ?? tid, store.names.textOf(thread?.comm ?? 0))
        },
      },
    })
    return parser
  }

  function openSysdigText(): StreamParser {
    const textSenders = createTextSenders(store)
    return createSysdigTextParser({
      origin,
      sink: kernels.sysdig,
      sent(enterAt, at, tid, pid, comm) {
        const source = textSenders.sent(enterAt, at, tid)
        if (source !== undefined) senders.sent(source, tid, pid, comm)
      },
    })
  }

  function openParser(probe: ProbeName, part: string): StreamParser {
    switch (probe) {
      case 'tcpdump':
        return createCaptureParser({
          origin,
          link: part === '' ? options.link : part,
          linkName: (index) => linkNames[index],
          sink: captureSink(part),
        })
      case 'sysdig':
        return createSniffingParser((kind) => (kind === 'sysdig-text' ? openSysdigText() : openScap()))
      case 'bpftrace':
        return createBpftraceParser({
          instantAt: (ns) => clock.instantAt(ns),
          sink: kernels.bpftrace,
          fileOf: (pid, fd) => senders.fileOf(pid, fd),
          deviceOf: (major, minor) => options.devices?.[`${major}:${minor}`],
        })
      case 'iostat':
        return createSniffingParser((kind) => {
          const sink = createDiskIntake(store, states.tallyOf('iostat'))
          return kind === 'iostat-text'
            ? createIostatTextParser({ origin, sink })
            : createIostatParser({ origin, sink })
        })
      case 'host':
        return createHostParser({
          origin,
          sink: createHostIntake(store, states.tallyOf('host'), {
            clockPair: notePair,
            senders: (all) => senders.learn(all),
            threads: (all) => senders.sampled(all),
            cgroupsOf: (pid, paths) => cgroups.add(pid, paths),
            facts: (at, told) => {
              ownUse = ownUseOf(ownUse, at, told)
            },
            own: (tids) => {
              ownTids = new Set(tids)
            },
          }),
        })
    }
  }

  function parserOf(probe: ProbeName, part: string, life: number): StreamParser {
    const key = `${probe} ${part}`
    const known = parsers.get(key)
    if (known?.life === life) return known.parser
    known?.parser.end()
    const parser = openParser(probe, part)
    parsers.set(key, { parser, life })
    return parser
  }

  function heardUntil(probe: ProbeName): Instant | undefined {
    if (probe === 'tcpdump') return packets.lastAt
    return probe === 'sysdig' || probe === 'bpftrace' ? kernels[probe].lastAt : undefined
  }

  function heardOf(probe: ProbeName, part: string): Instant | undefined {
    if (probe === 'tcpdump') return packets.lastOf(part)
    if (probe === 'iostat') return store.disks.lastAt
    return probe === 'host' ? store.beats.lastAt : heardUntil(probe)
  }

  function takeNotice(notice: ProbeNotice): void {
    if (notice.kind === 'links') linkNames = notice.names
    if (notice.kind === 'ended' && notice.probe === 'tcpdump') packets.release(instantOf(Infinity))
    states.notice(notice, heardUntil(notice.probe))
  }

  /** What a late advert needs stays, whatever else has to go. */
  function pinLate(): void {
    for (; pinned < flows.late.length; pinned++) {
      const one = flows.late[pinned]
      if (one === undefined) return
      const window = windowOf(one)
      store.pin({ from: before(window.from, pinMargin), to: after(window.to, pinMargin) })
    }
  }

  function tick(at: Instant): void {
    now = at
    packets.release(at)
    flows.passTo(at)
    pinLate()
    const gone = store.trim()
    if (gone !== undefined)
      blindSpots.add({
        source: 'store',
        from: gone.from,
        to: gone.to,
        reason: 'events of this stretch were dropped to stay within the memory budget',
        remedy: 'give more memory with --budget',
      })
    if (at - measuredAt >= 0.9 * second) {
      states.measure(at)
      measuredAt = at
    }
    version++
  }

  function viewOf(late: LateAdvert): WindowView {
    const isFresh =
      cached !== undefined &&
      cached.late === late &&
      (cached.madeAt - late.at > windowSettlesAfter || now - cached.madeAt < 0.25 * second)
    if (cached === undefined || !isFresh) {
      cached = {
        view: windowView(
          late,
          flows.flows().find((flow) => flow.id === late.flow),
          evidence,
        ),
        madeAt: now,
        late,
      }
    }
    return cached.view
  }

  return {
    blind: (spot) => blindSpots.add(spot),
    heardOf,
    malformedOf: (probe) => states.tallyOf(probe).malformedCount,
    get firstPacketAt() {
      return packets.firstAt
    },
    store,
    evidence,
    late: flows.late,
    flows: () => flows.flows(),
    take(output) {
      arrival = output.at
      if (output.kind !== 'bytes') {
        takeNotice(output)
        return
      }
      states.heard(output.probe, output.at)
      parserOf(output.probe, output.part, output.life).push(output.bytes)
    },
    tick,
    end() {
      for (const { parser } of parsers.values()) parser.end()
      packets.release(instantOf(Infinity))
      flows.passTo(now)
      tick(now)
    },
    snapshot(request) {
      const chosen = request.late === undefined ? flows.late.at(-1) : flows.late[request.late - 1]
      const isBlind = states.stateOf('tcpdump') !== 'ok' && states.stateOf('tcpdump') !== 'degraded'
      const tcpdump = states.views().find((view) => view.name === 'tcpdump')
      return {
        version,
        mode: options.mode,
        host: options.host,
        origin,
        now,
        runningFor: between(options.startedAt, now),
        probes: states
          .views()
          .filter((view) => view.events > 0 || view.state !== 'starting' || view.reason !== undefined),
        flows: flows.flows().map((flow) => ({ ...flow, sender: senders.senderOf(flow)?.name })),
        // Without a capture nothing can be said to be overdue: it may well be on the wire.
        overdue: isBlind ? [] : flows.overdue(now),
        late: flows.late.slice(-lateShown),
        selected: chosen === undefined ? undefined : viewOf(chosen),
        blindSpots: blindSpots.all.slice(-blindSpotsShown),
        own: {
          cpuShare: ownUse.cpuShare,
          rssBytes: ownUse.rssBytes,
          storeBytes: store.bytes,
          budgetBytes: store.budgetBytes,
        },
        fault: tcpdump?.state === 'absent' || tcpdump?.state === 'failed' ? tcpdump.reason : undefined,
      }
    },
  }
}
