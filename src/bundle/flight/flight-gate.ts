// Between the probes' words and a flight recording: what goes to the disk at once, what waits in memory, and what of that is
// written when something is late.
//
//   tcpdump, iostat       all of it, at once: adverts and rows are few
//   host sampler          one line a second at once (host.ndjson.gz); the nine others ─▶ ring (host-fine.ndjson.gz)
//   sysdig, bpftrace      ring
//
// What leaves the ring for the disk is told by a track of its own, flight.ndjson.gz: it comes later than what the tape says
// of the same moment. Each stretch of the kernel engine is a life of its own, so that what was left out before it is no loss;
// one of scap begins with the state of the host as it was then (parse/scap/state-blocks.ts).

import type { ProbeBytes } from '../../capture/output.ts'
import { isKernelEngine, type BlindSpot, type ProbeName } from '../../events/probe.ts'
import { createScapState, type ScapState } from '../../parse/scap/scap-state.ts'
import { formatIso } from '../../time/format.ts'
import { epochAt, type Epoch, type Instant } from '../../time/instant.ts'
import type { MemberFile } from '../member-file.ts'
import { memberNameOf } from '../member-name.ts'
import type { TapeTrack } from '../tape-track.ts'
import { nothing } from '../unit-stream.ts'
import { createFlightPlan, mostAnHour, type FlightView, type PlanTimes } from './flight-plan.ts'
import { createFlightRing, type Claim, type Piece } from './flight-ring.ts'
import { createHostThinning } from './host-thinning.ts'
import { createKernelLosses } from './kernel-losses.ts'

export interface GateView extends FlightView {
  /** The newest ones. */
  readonly blindSpots: readonly BlindSpot[]
}

export interface FlightGate {
  /** Whole units. Returns those that go on as in any other recording. */
  take(output: ProbeBytes, units: Uint8Array): Uint8Array | undefined
  /** Something of this probe is missing from here on. */
  miss(output: ProbeBytes): void
  look(view: GateView, now: Instant): void
  end(now: Instant): void
  /** Sentences for whoever watches, since they were last asked for. */
  takeNotices(): string[]
}

export interface GateSettings {
  readonly origin: Epoch
  readonly startedAt: Instant
  readonly budgetBytes: number
  readonly times?: PlanTimes
  readonly memberOf: (name: string) => MemberFile
  readonly track: TapeTrack
  /** The disk is behind: what is not urgent waits, and what has to go is lost. */
  readonly isFull: () => boolean
  readonly lose: (probe: ProbeName, at: Instant, bytes: number) => void
  /** Bytes of the probe go through (again). */
  readonly found: (probe: ProbeName, at: Instant) => void
  readonly keep: (claim: Claim) => void
  readonly blind: (spot: BlindSpot) => void
}

interface Held extends Piece {
  readonly probe: ProbeName
  readonly part: string
  readonly life: number
}

/** One kernel engine: where its next piece goes, and whether it follows the last one that was written. */
interface Course {
  stretch: number
  life: number
  isBroken: boolean
  /** What is known of that kernel at this point of its stream. */
  readonly state: ScapState
}

const tooLate = 'the flight recorder no longer had this stretch when it was needed'
export const thinnedPart = 'fine'

export function createFlightGate(settings: GateSettings): FlightGate {
  const { origin, startedAt, memberOf, track, isFull } = settings
  const plan = createFlightPlan(startedAt, settings.times)
  const thin = createHostThinning()
  const losses = createKernelLosses((spot) => settings.blind(spot))
  const courses = new Map<string, Course>()
  let notices: string[] = []
  let engine: ProbeName = 'bpftrace'
  let toldShort = -Infinity
  let isEnding = false

  const ring = createFlightRing<Held>(
    settings.budgetBytes,
    {
      write,
      leave(piece) {
        if (piece.isKernel) courseOf(piece).isBroken = true
        if (piece.probe === 'sysdig') courseOf(piece).state.push(piece.bytes)
      },
      isFull,
      claim: settings.keep,
      fallShort(want, from) {
        settings.blind({ source: engine, from: want.needsFrom, to: from, reason: tooLate, remedy: undefined })
        if (from - toldShort < 60e9) return
        toldShort = from
        notices.push(
          `a late advert is kept from ${formatIso(epochAt(from, origin))} on only: what came before had left the flight recorder's memory`,
        )
      },
    },
    startedAt,
  )

  function courseOf({ probe, part, life }: Held): Course {
    const key = `${probe} ${part}`
    const known = courses.get(key)
    if (known !== undefined) return known
    const course = { stretch: 0, life, isBroken: false, state: createScapState(origin) }
    courses.set(key, course)
    return course
  }

  function write(piece: Held): boolean {
    const { probe, part, at } = piece
    if (!piece.isKernel) {
      append(memberNameOf(probe, thinnedPart), piece, piece.bytes, piece.life)
      return true
    }
    const course = courseOf(piece)
    const introduction = course.isBroken && probe === 'sysdig' ? course.state.introduction() : undefined
    if (probe === 'sysdig') course.state.push(piece.bytes)
    if (isFull() && !isEnding) {
      settings.lose(probe, at, piece.bytes.length)
      course.isBroken = true
      return false
    }
    settings.found(probe, at)
    if (course.isBroken || course.life !== piece.life) course.stretch++
    course.isBroken = false
    course.life = piece.life
    const name = memberNameOf(probe, part)
    if (introduction !== undefined) memberOf(name).add(introduction)
    append(name, piece, piece.bytes, course.stretch)
    return true
  }

  function append(name: string, { probe, part, at }: Held, bytes: Uint8Array, life: number): void {
    const file = memberOf(name)
    file.add(bytes)
    track.reached({ probe, part, at, life, member: name, to: file.length })
  }

  return {
    take(output, units) {
      const { probe, part, life, at } = output
      if (isKernelEngine(probe)) {
        if (part === '') engine = probe
        if (units.length > 0) ring.push({ probe, part, life, at, bytes: units, isKernel: true })
        return undefined
      }
      if (probe !== 'host') return units
      const { coarse, fine } = thin(at, units)
      if (fine !== undefined) ring.push({ probe, part, life, at, bytes: fine, isKernel: false })
      return coarse
    },
    miss({ probe, part, life, at }) {
      if (probe !== 'tcpdump' && probe !== 'iostat')
        ring.push({ probe, part, life, at, bytes: nothing, isKernel: probe !== 'host', isHole: true })
    },
    look(view, now) {
      const { skipped } = plan
      for (const want of plan.update(view, now)) ring.want(want)
      if (skipped === 0 && plan.skipped > 0)
        notices.push(
          `${mostAnHour} late windows were kept within an hour, and more are not: from ${formatIso(epochAt(now, origin))} on a late advert may have nothing of the kernel engine`,
        )
      ring.drain(now)
      losses.look(view.blindSpots, now)
    },
    end(now) {
      isEnding = true
      for (const want of plan.end(now)) ring.want(want)
      ring.end(now)
      losses.end()
    },
    takeNotices() {
      const told = notices
      notices = []
      return told
    },
  }
}
