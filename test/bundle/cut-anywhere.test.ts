// A capture that was cut anywhere in its last block, or of which a bit of that block is wrong: all before it is read, and what
// is missing is told. For every byte: the engine alone reads it, so that it costs little.

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { ProbeName } from '../../src/events/probe.ts'
import { createBlockReader } from '../../src/parse/scap/block-reader.ts'
import { openEngine } from '../../src/engine/engine.ts'
import { epochOf, instantAt, instantOf, type Epoch } from '../../src/time/instant.ts'
import { buildAdvert, buildPcap } from '../fixtures/pcap-builder.ts'
import { buildPcapng } from '../fixtures/pcapng-builder.ts'
import { engineOptions } from '../fixtures/engine-options.ts'

const captures = resolve(import.meta.dirname, '../captures')
const read = (...path: readonly string[]): Buffer => {
  const bytes = readFileSync(join(captures, ...path))
  return path.at(-1)?.endsWith('.gz') === true ? gunzipSync(bytes, { finishFlush: 2 }) : bytes
}

interface Captured {
  readonly probe: ProbeName
  /** Whole blocks. */
  readonly bytes: Uint8Array
  /** Where the last of them begins. */
  readonly last: number
  readonly origin: Epoch
}

const secondsOf = (ns: bigint): Epoch => epochOf((ns / 1_000_000_000n) * 1_000_000_000n - 10_000_000_000n)

/** Some events behind the state of the host; the last is one that counts. */
function scapOf(): Captured {
  for (let events = 20; ; events++) {
    const captured = scapUntil(events)
    if (saidBy(captured, captured.bytes).events > saidBy(captured, captured.bytes.subarray(0, captured.last)).events)
      return captured
  }
}

function scapUntil(events: number): Captured {
  const bytes = read('scap', 'netns-reload-host.scap.gz')
  const begins: number[] = []
  let ns = 0n
  createBlockReader({
    block(type, memory, bodyFrom, _bodyTo, where) {
      if (!type.isEvent || begins.length > events) return
      begins.push(where)
      ns ||= memory.view.getBigUint64(bodyFrom + (type.hasFlags ? 6 : 2), true)
    },
    malformed: () => undefined,
  }).push(bytes)
  const [last = 0, end = 0] = begins.slice(-2)
  return { probe: 'sysdig', bytes: bytes.subarray(0, end), last, origin: secondsOf(ns) }
}

function linesOf(probe: ProbeName, bytes: Buffer, count: number, origin: Epoch): Captured {
  const lines = bytes
    .toString('latin1')
    .split(/(?<=\n)/)
    .slice(0, count)
  const whole = Buffer.from(lines.join(''), 'latin1')
  return { probe, bytes: whole, last: whole.length - (lines.at(-1)?.length ?? 0), origin }
}

const stampNs = 1_795_350_000_000_000_000n
const adverts = Array.from({ length: 5 }, (_, i) => ({
  atNs: stampNs + BigInt(i) * 1_000_000_000n,
  bytes: buildAdvert({ ipId: i + 1 }),
}))

const pcapngOf = (): Captured => {
  const made = (count: number): Buffer =>
    buildPcapng(
      [{ resolution: 9 }],
      adverts.slice(0, count).map(({ atNs, bytes }) => ({ interface: 0, stamp: atNs, bytes })),
    )
  return { probe: 'tcpdump', bytes: made(5), last: made(4).length, origin: secondsOf(stampNs) }
}

function pcapOf(): Captured {
  const bytes = buildPcap(adverts)
  return { probe: 'tcpdump', bytes, last: buildPcap(adverts.slice(0, -1)).length, origin: secondsOf(stampNs) }
}

/** Up to the stamp of the last sample, which is the last block. */
function iostatOf(file: string, stamp: string): Captured {
  const bytes = read('iostat', file)
  return { probe: 'iostat', bytes, last: bytes.lastIndexOf(stamp), origin: epochOf(1_795_300_000_000_000_000n) }
}

function hostOf(): Captured {
  const lines = [1, 2, 3].map(
    (i) => `{"ns":${stampNs + BigInt(i)},"mono":${i},"th":{"7":[7,"keepalived","S",${i},0,1,0,0]},"steal":${i}}\n`,
  )
  return linesOf('host', Buffer.from(lines.join('')), 3, secondsOf(stampNs))
}

const formats: readonly (readonly [string, () => Captured])[] = [
  ['scap', scapOf],
  ['pcap', pcapOf],
  ['pcapng', pcapngOf],
  [
    'bpftrace',
    () => linesOf('bpftrace', read('bundles', 'v1-bpftrace.whylate', 'bpftrace.tsv.gz'), 60, secondsOf(stampNs)),
  ],
  [
    'sysdig text',
    () => linesOf('sysdig', read('sysdig-text', 'netns-freezer-sysdig-0.36.tsv.gz'), 40, secondsOf(stampNs)),
  ],
  ['host', hostOf],
  ['iostat JSON', () => iostatOf('iostat-12.6.1-sigint.json', '{\n\t\t\t\t\t"timestamp"')],
  ['iostat text', () => iostatOf('iostat-12.6.1-text.txt', '2026-')],
]

interface Said {
  readonly events: number
  readonly told: number
}

function saidBy({ probe, origin }: Captured, bytes: Uint8Array): Said {
  const engine = openEngine(
    engineOptions(origin, {
      host: '',
      budgetBytes: 64 * 2 ** 20,
      clockPair: { real: instantAt(origin, origin), monotonicNs: 0 },
    }),
  )
  engine.take({ kind: 'bytes', probe, part: '', life: 0, at: instantOf(0), bytes })
  engine.end()
  const { probes, blindSpots } = engine.snapshot({ late: 0 })
  const one = probes.find(({ name }) => name === probe)
  return { events: one?.events ?? 0, told: (one?.malformed ?? 0) + blindSpots.length }
}

/** A stamp or a head of iostat's without its rows says nothing by halves. */
function saysHalf(part: Uint8Array): boolean {
  const text = Buffer.from(part).toString('latin1')
  return /\d/.test(text) && !text.endsWith('\n') && !/"timestamp": "[^"]*"[^{]*$/.test(text)
}

test.each(formats)(
  '%s, cut at every byte of its last block: all before is read, what is missing is told',
  { timeout: 60_000 },
  (_, open) => {
    const captured = open()
    const { bytes, last } = captured
    const [before, whole] = [saidBy(captured, bytes.subarray(0, last)), saidBy(captured, bytes)]
    expect(whole.events).toBeGreaterThan(before.events)
    const wrong: string[] = []
    for (let cut = last + 1; cut < bytes.length; cut++) {
      const { events, told } = saidBy(captured, bytes.subarray(0, cut))
      if (events < before.events || events > whole.events) wrong.push(`${cut - last}: ${events} events`)
      if (events < whole.events && told <= whole.told && saysHalf(bytes.subarray(last, cut)))
        wrong.push(`${cut - last}: not told`)
    }
    expect(wrong).toEqual([])
  },
)

test.each(formats)(
  '%s, a bit wrong at every byte of its last block: all before is read',
  { timeout: 60_000 },
  (_, open) => {
    const captured = open()
    const { bytes, last } = captured
    const before = saidBy(captured, bytes.subarray(0, last))
    const wrong: string[] = []
    for (let at = last; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes)
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8))
      const { events } = saidBy(captured, damaged)
      if (events < before.events) wrong.push(`${at - last}: ${events} of ${before.events} events`)
    }
    expect(wrong).toEqual([])
  },
)
