// A bundle as its tape: what the probes said and did, in the order and at the times at which it arrived.
//
//   probes.ndjson.gz   at 1.2 s tcpdump has 118 bytes ──▶ tcpdump.pcap, read to 118 ──▶ { bytes, at: 1.2 s }
//                      at 1.3 s iostat started        ────────────────────────────────▶ { started, at: 1.3 s }
//
// What the members hold beyond the tape (its recorder was killed between the two, or there is no tape) comes last.

import type { ProbeOutput } from '../capture/output.ts'
import type { BlindSpot, ProbeName } from '../events/probe.ts'
import { epochOf, instantAt, type Epoch, type Instant, type Window } from '../time/instant.ts'
import { readKept } from './flight/kept-lines.ts'
import { readBlindSpots } from './blind-lines.ts'
import type { Bundle } from './bundle.ts'
import { memberEnd, openMemberCursor, type MemberCursor, type Stretch } from './member-cursor.ts'
import { isPacked, memberNameOf, probeOfMember } from './member-name.ts'
import type { TapeBytes } from './tape-line.ts'
import { tapeLinesOf } from './tape-lines.ts'

export type TapeStep =
  | { readonly kind: 'output'; readonly at: Instant; readonly output: ProbeOutput }
  | { readonly kind: 'blind'; readonly at: Instant; readonly spot: BlindSpot }
  /** First of all, of a flight recording: what of the kernel engine and the host sampler is whole. */
  | { readonly kind: 'kept'; readonly at: Instant; readonly windows: readonly Window[] }

/** Adverts last: what explains them is there then. */
const restOrder: readonly ProbeName[] = ['host', 'iostat', 'log', 'sysdig', 'bpftrace', 'tcpdump']

interface Deck {
  readonly cursor: MemberCursor
  readonly probe: ProbeName
  part: string
  life: number
}

export async function* readTape(bundle: Bundle): AsyncGenerator<TapeStep> {
  const origin: Epoch = epochOf(BigInt(bundle.manifest.originNs))
  const decks = new Map<string, Deck>()
  const started = new Set<string>()
  const spots = await readBlindSpots(bundle, origin)
  let now = instantAt(epochOf(BigInt(bundle.manifest.startedNs)), origin)

  function deckOf(member: string): Deck | undefined {
    const known = decks.get(member)
    if (known !== undefined) return known
    const probe = probeOfMember(member)
    if (probe === undefined || !bundle.names.includes(member)) return undefined
    const deck = { cursor: openMemberCursor(bundle.read(member)), probe, part: partOf(bundle, probe, member), life: 0 }
    decks.set(member, deck)
    return deck
  }

  function* play(deck: Deck, stretch: Stretch, header: Uint8Array | undefined): Generator<TapeStep> {
    const { probe, part, life } = deck
    if (stretch.isTorn) yield { kind: 'blind', at: now, spot: tornSpot(probe, now) }
    const pieces = header === undefined ? stretch.bytes : [header, ...stretch.bytes]
    for (const bytes of pieces)
      yield { kind: 'output', at: now, output: { kind: 'bytes', probe, at: now, life, part, bytes } }
  }

  async function* playBytes(line: TapeBytes): AsyncGenerator<TapeStep> {
    const deck = deckOf(line.member)
    if (deck === undefined || deck.probe !== line.probe) return
    // A pcap has one header for all lives of tcpdump; each life's parser wants one.
    const isNewLife = line.life !== deck.life && deck.cursor.position > 0 && !isPacked(line.member)
    deck.part = line.part
    deck.life = line.life
    const stretch = await deck.cursor.readTo(line.to)
    yield* play(deck, stretch, isNewLife ? deck.cursor.head : undefined)
  }

  async function* playRest(): AsyncGenerator<TapeStep> {
    for (const probe of restOrder) {
      for (const name of bundle.names.filter((one) => probeOfMember(one) === probe)) {
        const deck = deckOf(name)
        if (deck === undefined) continue
        const guest = probe === 'sysdig' && deck.part !== '' ? deck.part : undefined
        const key = keyOf(probe, guest)
        if (!started.has(key)) yield { kind: 'output', at: now, output: startedNotice(bundle, probe, name, now, guest) }
        started.add(key)
        // What a flight recording has beyond its track may begin another stretch.
        if (bundle.manifest.flight !== undefined && deck.cursor.position > 0) deck.life++
        for (;;) {
          const before = deck.cursor.position
          const stretch = await deck.cursor.readTo(Math.min(memberEnd, before + 1024 * 1024))
          if (stretch.bytes.length === 0 && !stretch.isTorn) break
          yield* play(deck, stretch, undefined)
        }
      }
    }
  }

  function* spotsUntil(at: number): Generator<TapeStep> {
    while (spots[0] !== undefined && spots[0].from <= at) {
      const spot = spots.shift()
      if (spot !== undefined) yield { kind: 'blind', at: now, spot }
    }
  }

  try {
    if (bundle.manifest.flight !== undefined) yield { kind: 'kept', at: now, windows: await readKept(bundle, origin) }
    for await (const line of tapeLinesOf(bundle)) {
      now = line.kind === 'bytes' ? line.at : line.notice.at
      yield* spotsUntil(now)
      if (line.kind === 'bytes') yield* playBytes(line)
      else {
        if (line.notice.kind === 'started') started.add(keyOf(line.notice.probe, line.notice.part))
        yield { kind: 'output', at: now, output: line.notice }
      }
    }
    yield* playRest()
    yield* spotsUntil(Infinity)
  } finally {
    for (const { cursor } of decks.values()) await cursor.close()
  }
}

/** Of a member that no line of the tape speaks of. */
function partOf({ manifest: { settings } }: Bundle, probe: ProbeName, member: string): string {
  if (probe === 'tcpdump') return settings.parts[0] ?? ''
  return settings.guests?.find((guest) => memberNameOf(probe, guest) === member) ?? ''
}

function tornSpot(probe: ProbeName, at: Instant): BlindSpot {
  return { source: probe, from: at, to: at, reason: 'a part of the recording is damaged here', remedy: undefined }
}

const keyOf = (probe: ProbeName, part: string | undefined): string => `${probe} ${part ?? ''}`

function startedNotice(
  { manifest }: Bundle,
  probe: ProbeName,
  name: string,
  at: Instant,
  guest: string | undefined,
): ProbeOutput {
  const said = manifest.probes.find((one) => one.name === probe && one.part === guest)
  const { tool = 'file', version = '', detail = name } = said ?? {}
  const part = guest === undefined ? {} : { part: guest }
  return { kind: 'started', probe, ...part, at, pid: undefined, tool, version, detail }
}
