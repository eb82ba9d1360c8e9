// What the host sampler says, ten times a second: one JSON object a line, the incidents' `host.ndjson` and ours.
//
//   {"ns":1795350508852863200,"mono":6427957006970,
//    "th":{"26675":[26675,"keepalived","S",21543893,5148050,36,1,19]},
//    "psi":{"cpu":[343124641,0],"io":[45545419,35157460],"memory":[0,0]},
//    "cg":{"/sys/fs/cgroup/cpu/batch-n":{"cpu.stat":"nr_periods 0 nr_throttled 0 throttled_time 0"}},
//    "inflight":{"vda":[0,0]},"vmstat":{"pswpin":0,"pgmajfault":21111},"steal":208}
//
// `th`: tid -> [pid, comm, state, ns on CPU, ns waiting for a CPU, timeslices, last CPU, major faults]. Ours adds `own`
// (tids of whylate itself), `cgOf` (pid -> its cgroups, where they changed), and two kinds of line with the same `ns` and `mono`: `facts` (once a second) and `senders`
// (at the start and on change). Unknown keys are ignored, missing ones left out.
//
// Clocks: `ns` CLOCK_REALTIME, `mono` CLOCK_MONOTONIC. `ns` has 19 digits, more than a double holds: it is taken from
// the text of the line, never from JSON.parse.

import type { HostSink } from '../events/host.ts'
import type { StreamParser } from '../events/outcome.ts'
import { epochOf, instantAt, type Epoch, type Instant } from '../time/instant.ts'
import { isRecord } from './host/fields.ts'
import { readSample } from './host/sample.ts'
import { sendersOf } from './host/senders.ts'

export interface HostOptions {
  readonly origin: Epoch
  readonly sink: HostSink
}

/** 4,000 threads are 0.4 MB; what is longer is not a line of ours. */
const longestLineBytes = 4 * 1024 * 1024
const newline = 0x0a

export function createHostParser({ origin, sink }: HostOptions): StreamParser {
  const decoder = new TextDecoder()
  let pieces: Uint8Array[] = []
  let length = 0
  let lineFrom = 0

  function take(bytes: Uint8Array): void {
    // Of a line that is too long nothing is kept; its length goes on counting, for the offsets.
    if (length + bytes.length <= longestLineBytes) pieces.push(bytes)
    else pieces = []
    length += bytes.length
  }

  function lineEnd(isCut: boolean): void {
    const where = lineFrom
    if (length > longestLineBytes) sink.malformed({ reason: `a line of more than ${longestLineBytes} bytes`, where })
    else if (length > 0) {
      const line = decoder.decode(pieces.length === 1 ? pieces[0] : joined(pieces, length)).trim()
      const reason = line === '' ? undefined : readHostLine(line, origin, sink, where)
      if (reason !== undefined) sink.malformed({ reason: isCut ? 'the last line was cut off' : reason, where })
    }
    lineFrom += length + 1
    pieces = []
    length = 0
  }

  return {
    push(bytes) {
      let from = 0
      for (let to = bytes.indexOf(newline); to !== -1; to = bytes.indexOf(newline, from)) {
        take(bytes.subarray(from, to))
        lineEnd(false)
        from = to + 1
      }
      // The caller may use its buffer again: what waits for more is copied (Buffer's own slice() would not copy).
      if (from < bytes.length) take(new Uint8Array(bytes.subarray(from)))
    },
    end() {
      lineEnd(true)
    },
  }
}

/** Returns why the line could not be read, undefined if it could. */
function readHostLine(line: string, origin: Epoch, sink: HostSink, where: number): string | undefined {
  const value = objectOf(line)
  if (value === undefined) return 'a line that is not a JSON object'
  const ns = digitsOf(line, 'ns', value['ns'])
  const mono = digitsOf(line, 'mono', value['mono'])
  if (ns === undefined || mono === undefined) return 'a line without ns and mono'
  const at: Instant = instantAt(epochOf(BigInt(ns)), origin)
  let hasMore = false
  if (isRecord(value['facts'])) {
    hasMore = true
    sink.facts(at, factsOf(value['facts']))
  }
  if (Array.isArray(value['senders'])) {
    hasMore = true
    sink.senders(at, sendersOf(value['senders']))
  }
  if (hasMore && value['th'] === undefined) return undefined
  const complaints: string[] = []
  sink.sample(readSample(value, at, Number(mono), complaints))
  for (const reason of complaints) sink.malformed({ reason, where })
  return undefined
}

/**
 * The digits of a whole number, as they stand in the line. A key of the same name further inside is told apart by its
 * value, which has to be the one that JSON.parse found at the top.
 */
function digitsOf(line: string, key: 'ns' | 'mono', parsed: unknown): string | undefined {
  if (typeof parsed !== 'number') return undefined
  for (const match of line.matchAll(key === 'ns' ? nsDigits : monoDigits)) {
    const digits = match[1] ?? ''
    if (Number(digits) === parsed) return digits
  }
  return undefined
}
const nsDigits = /"ns"\s*:\s*(\d{1,20})(?=\s*[,}])/g
const monoDigits = /"mono"\s*:\s*(\d{1,20})(?=\s*[,}])/g

function factsOf(value: Readonly<Record<string, unknown>>): Readonly<Record<string, number | string>> {
  const facts: Record<string, number | string> = {}
  for (const [key, fact] of Object.entries(value))
    if (typeof fact === 'number' || typeof fact === 'string') facts[key] = fact
  return facts
}

function objectOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
