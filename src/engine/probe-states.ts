// How each probe is doing: what it said of itself, turned into one line for the screen and into blind spots.

import { lossSpot } from '../events/loss-spot.ts'
import { isKernelEngine, type BlindSpot, type ProbeName, type ProbeNotice } from '../events/probe.ts'
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
  /** It is asked for less just now. */
  leavesOut: string | undefined
  /** Bytes of it came last. */
  heardAt: Instant | undefined
  cost: Cost | undefined
  saidAt: Instant | undefined
}

/** On another kernel than ours. */
interface Cost {
  readonly upMs: number
  readonly cpuMs: number
  readonly rssBytes: number
  /** Of one CPU there, since the cost before. */
  readonly share: number | undefined
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

/** How a probe is shown while nothing happens to it. */
const restingOf = (leavesOut: string | undefined): Pick<ProbeView, 'state' | 'reason'> => ({
  state: leavesOut === undefined ? 'ok' : 'degraded',
  reason: leavesOut,
})

const stillStarting = (name: ProbeName): string => `${name} was still starting`

/** A probe that starts within this of the session has seen all of it. */
const atOnce = 0.5e9
/** How long what a tool said in passing is shown. */
const wordsStay = 15e9

const costPhrase = (cost: Cost | undefined): string[] =>
  cost?.share === undefined
    ? []
    : [`costs ${(100 * cost.share).toFixed(1)} % of a CPU and ${Math.round(cost.rssBytes / 1024 / 1024)} MiB there`]

export interface StatesParts {
  /** Where a probe's blind spots go that its own stream tells of, by its own clock. */
  readonly spotsOf: (probe: ProbeName, part: string) => BlindSpots
  /** Where those of other kernels go that we tell of, by ours. */
  readonly told: BlindSpots
  /** Of the session. */
  readonly startedAt: Instant
  /** When the bytes at hand came in, by the clock of this part: malformed input is placed in time by that. */
  readonly arrival: (part: string) => Instant
}

export function createProbeStates({ spotsOf, told, startedAt, arrival }: StatesParts): ProbeStates {
  const probes = new Map<string, Probe>()
  let version = 0

  function probeOf(name: ProbeName, part: string): Probe {
    const key = `${name} ${part}`
    const known = probes.get(key)
    if (known !== undefined) return known
    const blindSpots = spotsOf(name, part)
    const tally = createTally((complaint) => {
      blindSpots.add({
        source: name,
        from: arrival(part),
        to: arrival(part),
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
      leavesOut: undefined,
      heardAt: undefined,
      cost: undefined,
      saidAt: undefined,
    }
    probes.set(key, probe)
    return probe
  }

  function drop(
    probe: Probe,
    blindSpots: BlindSpots,
    source: Pick<BlindSpot, 'source' | 'part'>,
    total: number,
    at: Instant,
  ): void {
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
    blindSpots.add({
      ...source,
      from: since,
      to: at,
      reason: `${source.source} dropped ${more} of its events`,
      remedy: undefined,
    })
  }

  /** One kernel engine at a time is tried: whichever was before it has failed. */
  function giveUpOthers(name: ProbeName): void {
    for (const probe of probes.values()) {
      if (probe.hasStarted || probe.view.part !== '' || probe.view.name === name) continue
      if (probe.view.state !== 'starting' || !isKernelEngine(probe.view.name)) continue
      probe.blindSpots.withdraw(`${probe.view.name} starting`)
      probe.view = { ...probe.view, reason: undefined }
    }
  }

  return {
    get version() {
      return version
    },
    tallyOf: (name, part = '') => probeOf(name, part).tally,
    stateOf: (name) => probes.get(`${name} `)?.view.state,
    notice(notice, heardUntil) {
      version++
      const { part = '' } = notice
      const probe = probeOf(notice.probe, part)
      const isElsewhere = part !== ''
      const blindSpots = isElsewhere ? told : probe.blindSpots
      const name = notice.probe
      const source = isElsewhere ? { source: name, part } : { source: name }
      const key = isElsewhere ? `${name} ${part}` : name
      switch (notice.kind) {
        case 'starting':
          giveUpOthers(name)
          blindSpots.open(`${key} starting`, {
            ...source,
            from: startedAt,
            reason: stillStarting(name),
            remedy: undefined,
          })
          probe.view = { ...probe.view, reason: 'it does not see anything yet' }
          return
        case 'started':
          blindSpots.withdraw(`${key} starting`)
          blindSpots.close(`${key} down`, notice.at)
          blindSpots.close(`${key} narrowed`, notice.at)
          if (notice.leavesOut !== undefined)
            blindSpots.open(`${key} narrowed`, {
              ...source,
              from: notice.at,
              reason: notice.leavesOut,
              remedy: undefined,
            })
          // bpftrace compiles for seconds before it sees anything.
          if (!probe.hasStarted && between(startedAt, notice.at) > atOnce) {
            blindSpots.add({
              ...source,
              from: startedAt,
              to: notice.at,
              reason: stillStarting(name),
              remedy: undefined,
            })
          }
          probe.hasStarted = true
          probe.leavesOut = notice.leavesOut
          probe.droppedBefore += probe.dropsOfLife
          probe.dropsOfLife = 0
          probe.lastDropsAt = notice.at
          probe.isSilent = false
          probe.cost = undefined
          probe.view = {
            ...probe.view,
            ...restingOf(notice.leavesOut),
            tool: notice.tool,
            version: notice.version,
            detail: notice.detail,
            remedy: undefined,
          }
          return
        case 'drops':
          drop(probe, blindSpots, source, notice.total, notice.at)
          return
        case 'said':
          probe.saidAt = notice.at
          if (probe.view.state !== 'absent') probe.view = { ...probe.view, reason: notice.text }
          return
        case 'ended':
          if (isElsewhere) blindSpots.withdraw(`${key} silent`)
          blindSpots.open(`${key} down`, {
            ...source,
            from: isElsewhere
              ? (probe.heardAt ?? notice.at)
              : heardUntil === undefined || name === 'tcpdump'
                ? notice.at
                : instantOf(Math.min(heardUntil, notice.at)),
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
          blindSpots.withdraw(`${key} starting`)
          blindSpots.open(`${key} down`, {
            ...source,
            from: isElsewhere ? (probe.heardAt ?? startedAt) : notice.at,
            reason: notice.reason,
            remedy: notice.remedy,
          })
          probe.view = { ...probe.view, state: 'absent', reason: notice.reason, remedy: notice.remedy }
          return
        case 'links':
          return
        case 'silent':
          blindSpots.open(`${key} silent`, {
            ...source,
            from: notice.since,
            reason: isElsewhere
              ? 'nothing came from there: it stood still, or the way there was cut'
              : `${name} has said nothing, longer than it ever should`,
            remedy: undefined,
          })
          probe.isSilent = true
          probe.view = {
            ...probe.view,
            state: 'degraded',
            reason: isElsewhere ? 'nothing comes from there' : 'silent for longer than it ever should be',
          }
          return
        case 'cost': {
          const { upMs, cpuMs, rssBytes } = notice
          const passedMs = upMs - (probe.cost?.upMs ?? upMs)
          const usedMs = cpuMs - (probe.cost?.cpuMs ?? cpuMs)
          probe.cost = { upMs, cpuMs, rssBytes, share: passedMs > 0 && usedMs >= 0 ? usedMs / passedMs : undefined }
        }
      }
    },
    heard(name, part, at) {
      const probe = probeOf(name, part)
      probe.heardAt = at
      if (!probe.isSilent) return
      version++
      probe.isSilent = false
      // What was said elsewhere meanwhile comes now; what was lost of it, its stream tells.
      if (part === '') probe.blindSpots.close(`${name} silent`, at)
      else told.withdraw(`${name} ${part} silent`)
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
      probe.blindSpots.add(lossSpot(name, from, to, events))
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
        probe.view = { ...probe.view, perSecond, ...(isQuietAgain ? restingOf(probe.leavesOut) : {}) }
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
        detail: [probe.view.detail, ...costPhrase(probe.cost)].filter((one) => one !== '').join(', '),
        ...(probe.isSilent ? { isSilent: true } : {}),
        events: probe.tally.events,
        malformed: probe.tally.malformedCount,
      }))
    },
  }
}
