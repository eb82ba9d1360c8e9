// Writes what the probes say to a bundle, as they say it, and never makes them wait.
//
//   listener ─▶ whole units, secrets removed ─▶ waiting, at most 32 MiB ─▶ one write after the other, each 0.25 s
//                                               full: left out, a blind spot
//
// The order on the disk within a round: the members, then the tape that speaks of them. What was killed in between plays
// all the same: bytes that the tape does not know come last.

import { setTimeout as sleep } from 'node:timers/promises'
import type { ProbeBytes, ProbeOutput } from '../capture/output.ts'
import type { BlindSpot, ProbeNotice } from '../events/probe.ts'
import { epochAt, epochOf, instantAt, type Instant } from '../time/instant.ts'
import { formatBlindLine } from './blind-lines.ts'
import { formatDiskRefusal, openBundleFolder, refuseToWrite, type BundleFolder } from './bundle-folder.ts'
import { withoutGuestCommand } from './guest-secrets.ts'
import { createLostStretches } from './lost-stretches.ts'
import type { Manifest, Member } from './manifest.ts'
import { formatMarkLine } from './mark-lines.ts'
import { openMemberFile, type MemberFile } from './member-file.ts'
import { blindName, flightName, keptName, manifestName, marksName, tapeName } from './member-name.ts'
import { createFlightGate, type FlightGate, type GateView } from './flight/flight-gate.ts'
import type { PlanTimes } from './flight/flight-plan.ts'
import type { Claim } from './flight/flight-ring.ts'
import { createKeptClaims } from './flight/kept-claims.ts'
import { formatKept } from './flight/kept-lines.ts'
import { createMemberRoutes } from './member-routes.ts'
import { createTapeTrack } from './tape-track.ts'

export interface BundleWriter {
  readonly path: string
  /** On the disk. */
  readonly sizeBytes: number
  /** What was left out because the disk was too slow, or could not be understood. */
  readonly lostBytes: number
  /** Never waits; keeps nothing of the output's buffer. */
  take(output: ProbeOutput): void
  mark(at: Instant, text: string): void
  /** A flight recording is told what is late, several times a second. Returns what its user should know. */
  look(view: GateView): readonly string[]
  /** For whoever writes what was recorded before: a stretch that nobody could see, or that was kept whole. */
  blind(spot: BlindSpot): void
  keep(claim: Claim): void
  /** A probe must never wait; whoever can, waits here until the disk has caught up. */
  roomFor(): Promise<void>
  /** Resolves with the reason when the disk takes no more. */
  readonly refused: Promise<string>
  /** Writes what waits and closes the manifest. Idempotent. */
  close(at: Instant, because: string): Promise<void>
}

export interface BundleSettings {
  readonly path: string
  readonly manifest: Omit<Manifest, 'closed' | 'members' | 'probes' | 'secrets' | 'flight'>
  readonly keepsSecrets: boolean
  /** A session's clock. */
  now(): Instant
  /** Default 32 MiB. */
  readonly queueBytes?: number
  /** Keeps only the windows that matter of what the kernel engine says; so many bytes of it wait in memory. */
  readonly flight?: { readonly budgetBytes: number; readonly times?: PlanTimes }
  /** What is written was in a bundle before. */
  readonly isCopy?: boolean
  /** What is written is of a flight recording, which said what it kept. */
  readonly recorded?: Manifest['flight']
  /** Called after each round. */
  readonly onRound?: () => void
}

const roundMs = 250
/** So much waiting does not wait for the round. */
const earlyBytes = 2 * 1024 * 1024
/** Beside the queue: a notice is small and says what was lost. */
const noticeBytes = 1024 * 1024
/** Given back when the disk is full, so that the end can be written. */
const reserveName = 'reserve.tmp'
const reserveBytes = 256 * 1024

const cutOff = 'its last words, cut off in the middle, are not in the recording'
const tooSlow = 'the disk was too slow: this stretch is not in the recording'

const encoder = new TextEncoder()

async function makeFolder(settings: BundleSettings): Promise<BundleFolder> {
  const folder = await openBundleFolder(settings.path)
  try {
    const reserve = await folder.create(reserveName)
    await reserve.writeFile(new Uint8Array(reserveBytes))
    await reserve.close()
    return folder
  } catch (error) {
    throw refuseToWrite(settings.path, error)
  }
}

/** Throws a Fault where it cannot be made. The manifest is on the disk when this resolves. */
export async function openBundleWriter(settings: BundleSettings): Promise<BundleWriter> {
  const { keepsSecrets, queueBytes = 32 * 1024 * 1024 } = settings
  const { originNs } = settings.manifest
  const origin = epochOf(BigInt(originNs))
  const folder = await makeFolder(settings)
  const tape = openMemberFile(tapeName, () => folder.create(tapeName))
  const files = new Map<string, MemberFile>()
  const track = createTapeTrack((line) => tape.add(line))
  const routes = createMemberRoutes({
    origin,
    keepsSecrets,
    ...(settings.isCopy === undefined ? {} : { isCopy: settings.isCopy }),
    memberOf,
    onCutOff: ({ probe, at }) => blind({ source: probe, from: at, to: at, reason: cutOff, remedy: undefined }),
  })
  const flightTrack = createTapeTrack((line) => memberOf(flightName).add(line))
  const claims = createKeptClaims()
  const gate = openGate()
  const probes = new Map<string, Manifest['probes'][number]>()
  const lost = createLostStretches(blind)
  let isManifestOld = true
  let closing: Promise<void> | undefined
  let refusal: string | undefined
  let refuse: (reason: string) => void = () => undefined
  let wake: () => void = () => undefined
  const refused = new Promise<string>((resolve) => (refuse = resolve))

  const waitingBytes = (): number =>
    [...files.values()].reduce((sum, file) => sum + file.waitingBytes, tape.waitingBytes)

  function manifestText(closed: Manifest['closed'], closedMembers: readonly Member[]): string {
    const members = closedMembers.length > 0 ? closedMembers : [tapeName, ...files.keys()].map((name) => ({ name }))
    const flight = settings.flight ?? settings.recorded
    const whole: Manifest = {
      ...settings.manifest,
      ...(closed === undefined ? {} : { closed }),
      secrets: keepsSecrets ? 'kept' : 'removed',
      ...(flight === undefined ? {} : { flight: { budgetBytes: flight.budgetBytes } }),
      probes: [...probes.values()],
      members: [...members],
    }
    return `${JSON.stringify(whole, undefined, 2)}\n`
  }

  function openGate(): FlightGate | undefined {
    if (settings.flight === undefined) return undefined
    return createFlightGate({
      origin,
      startedAt: instantAt(epochOf(BigInt(settings.manifest.startedNs)), origin),
      ...settings.flight,
      memberOf,
      track: flightTrack,
      isFull: () => waitingBytes() > queueBytes,
      lose: (probe, at, bytes) => lost.lose(probe, at, bytes, tooSlow),
      found: (probe, at) => lost.found(probe, at),
      keep: (claim) => claims.add(claim),
      blind,
    })
  }

  /** A file is there from its first bytes on; the disk hears of it in the next round. */
  function memberOf(name: string): MemberFile {
    const known = files.get(name)
    if (known !== undefined) return known
    isManifestOld = true
    const file = openMemberFile(name, () => folder.create(name))
    files.set(name, file)
    return file
  }

  function takeBytes(output: ProbeBytes): void {
    const source = routes.sourceOf(output)
    const whole = source.units.push(output.bytes)
    const unreadable = source.units.takeLost()
    if (unreadable > 0) {
      lost.lose(output.probe, output.at, unreadable, 'what it said could not be understood and is not in the recording')
      gate?.miss(output)
    }
    const units = gate === undefined ? whole : gate.take(output, whole)
    if (units === undefined) return
    const file = routes.fileOf(source, output)
    if (file === undefined) return
    if (units.length > 0 && waitingBytes() + units.length > queueBytes) {
      lost.lose(output.probe, output.at, units.length, tooSlow)
      return
    }
    if (units.length > 0) {
      file.add(units)
      lost.found(output.probe, output.at)
    }
    track.reached({ ...output, member: file.name, to: file.length })
    if (waitingBytes() > earlyBytes) wake()
  }

  function blind(spot: BlindSpot): void {
    memberOf(blindName).add(encoder.encode(formatBlindLine(spot, origin)))
  }

  function takeNotice(told: ProbeNotice): void {
    // When it has started, that says how long it was blind; a reader of before this notice takes the line for damage.
    if (told.kind === 'starting') return
    const notice = keepsSecrets ? told : withoutGuestCommand(told)
    if (notice.kind === 'started') {
      const { probe, part, tool, version, detail, argv } = notice
      probes.set(`${probe} ${part ?? ''}`, {
        name: probe,
        tool,
        version,
        detail,
        ...(argv === undefined ? {} : { argv: [...argv] }),
        ...(part === undefined ? {} : { part }),
      })
      isManifestOld = true
    }
    if (waitingBytes() > queueBytes + noticeBytes) return
    track.notice(notice)
  }

  /** What is claimed to be there has to be there first. */
  async function flushClaims(ready: readonly Claim[], at: Instant): Promise<void> {
    if (ready.length === 0) return
    const kept = memberOf(keptName)
    for (const claim of ready) kept.add(formatKept(claim, origin))
    await kept.flush(at)
  }

  async function flushAll(): Promise<void> {
    track.flush()
    flightTrack.flush()
    const ready = claims.take()
    const at = settings.now()
    await folder.check()
    if (isManifestOld) {
      isManifestOld = false
      await folder.replace(manifestName, manifestText(undefined, []))
    }
    for (const file of files.values()) await file.flush(at)
    await flushClaims(ready, at)
    await tape.flush(at)
  }

  async function round(): Promise<void> {
    try {
      await flushAll()
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code === undefined) throw error
      refusal ??= formatDiskRefusal(code)
      await folder.remove(reserveName)
      refuse(refusal)
    }
    settings.onRound?.()
  }

  async function run(): Promise<void> {
    while (closing === undefined && refusal === undefined) {
      const early = new Promise<void>((resolve) => (wake = resolve))
      await Promise.race([sleep(roundMs, undefined, { ref: false }), early])
      if (closing === undefined) await round()
    }
  }

  async function end(at: Instant, because: string): Promise<void> {
    wake()
    await running
    gate?.end(at)
    lost.end(at)
    if (refusal === undefined) await round()
    await folder.remove(reserveName)
    const members: Member[] = []
    for (const file of [...files.values(), tape]) {
      try {
        members.push(await file.close())
      } catch {
        // Refused: what is on the disk was counted, and is all there is.
        members.push({ name: file.name })
      }
    }
    const closed = { atNs: String(epochAt(at, origin)), because: refusal ?? because }
    try {
      await folder.replace(manifestName, manifestText(closed, members))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
      // Not even that: the manifest of the beginning stays, and the bundle is read like one of a killed recorder.
      await folder.remove(`${manifestName}.new`)
    }
    await folder.close()
  }

  try {
    await folder.replace(manifestName, manifestText(undefined, []))
    isManifestOld = false
  } catch (error) {
    throw refuseToWrite(settings.path, error)
  }
  const running = run()
  return {
    path: folder.path,
    get sizeBytes() {
      return [...files.values()].reduce((sum, file) => sum + file.sizeBytes, tape.sizeBytes)
    },
    get lostBytes() {
      return lost.bytes
    },
    take(output) {
      if (closing !== undefined || refusal !== undefined) return
      if (output.kind === 'bytes') takeBytes(output)
      else takeNotice(output)
    },
    mark(at, text) {
      memberOf(marksName).add(encoder.encode(formatMarkLine(at, text, origin)))
    },
    look(view) {
      if (gate === undefined || closing !== undefined || refusal !== undefined) return []
      gate.look(view, settings.now())
      if (waitingBytes() > earlyBytes) wake()
      return gate.takeNotices()
    },
    blind,
    keep: (claim) => claims.add(claim),
    async roomFor() {
      while (waitingBytes() > 2 * earlyBytes && refusal === undefined && closing === undefined) {
        wake()
        await sleep(1)
      }
    },
    refused,
    close: (at, because) => (closing ??= end(at, because)),
  }
}
