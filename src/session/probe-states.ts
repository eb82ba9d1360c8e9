// How each probe is doing: what it said of itself, turned into one line for the screen and into blind spots.

import type { ProbeName, ProbeNotice } from '../events/probe.ts'
import { between, instantOf, type Instant } from '../time/instant.ts'
import type { BlindSpots } from './blind-spots.ts'
import type { ProbeView } from './snapshot.ts'
import { createTally, type Tally } from './tally.ts'

export interface ProbeStates {
  /** `part`: a vantage point that is a row of its own; '' for the one of the capture. */
  tallyOf(probe: ProbeName, part?: string): Tally
  /** `heardUntil`: the newest stamp of that probe's events, where a loss begins. */
  notice(notice: ProbeNotice, heardUntil: Instant | undefined): void
  /** Bytes came: whatever was silent is not any more. */
  heard(probe: ProbeName, part: string, at: Instant): void
  /** The stream itself says that it lost events. */
  lost(probe: ProbeName, part: string, from: Instant, to: Instant, events: number): void
  views(): ProbeView[]
  stateOf(probe: ProbeName): ProbeView['state'] | undefined
  /** Recomputes the rates; call it about once a second. */
  measure(now: Instant): void
  readonly version: number
}

interface Probe {
  view: ProbeView
  readonly tally: Tally
  readonly blindSpots: BlindSpots
  /** Drops of earlier lives of the tool, whose counter began again. */
  droppedBefore: number
  dropsOfLife: number
  lastDropsAt: Instant | undefined
  measuredAt: Instant | undefined
  measuredEvents: number
  isSilent: boolean
  hasStarted: boolean
  saidAt: Instant | undefined
}

const empty = (name: ProbeName, part: string): ProbeView => ({
  name,
  part,
  state: 'starting',
  tool: name,
  version: '',
  detail: '',
  events: 0,
  perSecond: 0,
  dropped: 0,
  malformed: 0,
  reason: undefined,
  remedy: undefined,
})

/** A probe that starts within this of the session has seen all of it. */
const atOnce = 0.5e9
/** How long what a tool said in passing is shown. */
const wordsStay = 15e9

/**
 * `blindSpotsOf`: where a probe's blind spots go, by its own clock. `startedAt`: of the session. `arrival`: when the bytes
 * at hand came in; malformed input is placed in time by that.
 */
export function createProbeStates(
  blindSpotsOf: (probe: ProbeName, part: string) => BlindSpots,
  startedAt: Instant,
  arrival: () => Instant,
): ProbeStates {
  const probes = new Map<string, Probe>()
  let version = 0

  function probeOf(name: ProbeName, part: string): Probe {
    const key = `${name} ${part}`
    const known = probes.get(key)
    if (known !== undefined) return known
    const blindSpots = blindSpotsOf(name, part)
    const tally = createTally((complaint) => {
      blindSpots.add({
        source: name,
        from: arrival(),
        to: arrival(),
        reason: `unreadable input: ${complaint.reason}`,
        remedy: undefined,
      })
    })
    const probe: Probe = {
      view: empty(name, part),
      tally,
      blindSpots,
      droppedBefore: 0,
      dropsOfLife: 0,
      lastDropsAt: undefined,
      measuredAt: undefined,
      measuredEvents: 0,
      isSilent: false,
      hasStarted: false,
      saidAt: undefined,
    }
    probes.set(key, probe)
    return probe
  }

  function drop(probe: Probe, name: ProbeName, total: number, at: Instant): void {
    const more = total - probe.dropsOfLife
    const since = probe.lastDropsAt ?? instantOf(at - 1e9)
    probe.dropsOfLife = total
    probe.lastDropsAt = at
    if (more <= 0) return
    probe.view = {
      ...probe.view,
      dropped: probe.droppedBefore + total,
      state: 'degraded',
      reason: `${more} packets or events dropped just now`,
      remedy: undefined,
    }
    probe.blindSpots.add({
      source: name,
      from: since,
      to: at,
      reason: `${name} dropped ${more} of its events`,
      remedy: undefined,
    })
  }

  return {
    get version() {
      return version
    },
    tallyOf: (name, part = '') => probeOf(name, part).tally,
    stateOf: (name) => probes.get(`${name} `)?.view.state,
    notice(notice, heardUntil) {
      version++
      const probe = probeOf(notice.probe, notice.part ?? '')
      const { blindSpots } = probe
      const name = notice.probe
      switch (notice.kind) {
        case 'started':
          blindSpots.close(`${name} down`, notice.at)
          // bpftrace compiles for seconds before it sees anything.
          if (!probe.hasStarted && between(startedAt, notice.at) > atOnce) {
            blindSpots.add({
              source: name,
              from: startedAt,
              to: notice.at,
              reason: `${name} was still starting`,
              remedy: undefined,
            })
          }
          probe.hasStarted = true
          probe.droppedBefore += probe.dropsOfLife
          probe.dropsOfLife = 0
          probe.lastDropsAt = notice.at
          probe.isSilent = false
          probe.view = {
            ...probe.view,
            state: 'ok',
            tool: notice.tool,
            version: notice.version,
            detail: notice.detail,
            reason: undefined,
            remedy: undefined,
          }
          return
        case 'drops':
          drop(probe, name, notice.total, notice.at)
          return
        case 'said':
          probe.saidAt = notice.at
          if (probe.view.state !== 'absent') probe.view = { ...probe.view, reason: notice.text }
          return
        case 'ended':
          blindSpots.open(`${name} down`, {
            source: name,
            from:
              heardUntil === undefined || name === 'tcpdump' ? notice.at : instantOf(Math.min(heardUntil, notice.at)),
            reason: notice.reason,
            remedy: undefined,
          })
          probe.view = {
            ...probe.view,
            state: notice.willRestart ? 'restarting' : 'failed',
            reason: notice.reason,
            remedy: undefined,
            perSecond: 0,
          }
          return
        case 'absent':
          blindSpots.open(`${name} down`, {
            source: name,
            from: notice.at,
            reason: notice.reason,
            remedy: notice.remedy,
          })
          probe.view = { ...probe.view, state: 'absent', reason: notice.reason, remedy: notice.remedy }
          return
        case 'links':
          return
        case 'silent':
          blindSpots.open(`${name} silent`, {
            source: name,
            from: notice.since,
            reason: `${name} has said nothing, longer than it ever should`,
            remedy: undefined,
          })
          probe.isSilent = true
          probe.view = { ...probe.view, state: 'degraded', reason: 'silent for longer than it ever should be' }
      }
    },
    heard(name, part, at) {
      const probe = probeOf(name, part)
      if (!probe.isSilent) return
      version++
      probe.isSilent = false
      probe.blindSpots.close(`${name} silent`, at)
      probe.view = { ...probe.view, state: 'ok', reason: undefined }
    },
    lost(name, part, from, to, events) {
      version++
      const probe = probeOf(name, part)
      probe.view = {
        ...probe.view,
        dropped: probe.view.dropped + events,
        state: 'degraded',
        reason: `${events} events lost just now`,
      }
      probe.blindSpots.add({ source: name, from, to, reason: `${name} lost ${events} events`, remedy: undefined })
    },
    measure(now) {
      for (const probe of probes.values()) {
        const passed = probe.measuredAt === undefined ? 0 : between(probe.measuredAt, now)
        const perSecond = passed <= 0 ? 0 : ((probe.tally.events - probe.measuredEvents) * 1e9) / passed
        const isQuietAgain =
          probe.view.state === 'degraded' &&
          !probe.isSilent &&
          probe.lastDropsAt !== undefined &&
          probe.view.reason?.endsWith('just now') === true &&
          now - probe.lastDropsAt > 10e9
        if (perSecond !== probe.view.perSecond || probe.tally.events !== probe.view.events) version++
        probe.view = { ...probe.view, perSecond, ...(isQuietAgain ? { state: 'ok' as const, reason: undefined } : {}) }
        // A word in passing does not stand there for the rest of the night.
        if (probe.saidAt !== undefined && now - probe.saidAt > wordsStay && probe.view.state === 'ok') {
          probe.view = { ...probe.view, reason: undefined }
          probe.saidAt = undefined
        }
        probe.measuredAt = now
        probe.measuredEvents = probe.tally.events
      }
    },
    views() {
      return [...probes.values()].map((probe) => ({
        ...probe.view,
        events: probe.tally.events,
        malformed: probe.tally.malformedCount,
      }))
    },
  }
}
