// A capture of any size from a small one: its event blocks again and again, each round later in time. State blocks stay once.
//
//   state | events | events + 1 round | events + 2 rounds | …
//
// An event block is: u32 type, u32 length, u16 cpu, [u32 flags,] u64 time in ns, … , u32 length (docs of sysdig's libs).

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const eventTypes = new Map([
  [0x204, 2],
  [0x208, 6],
  [0x216, 2],
  [0x217, 6],
  [0x221, 2],
  [0x222, 6],
])
const pause = 1_000_000n

/** Offsets of the blocks, and where the first event begins. */
function blocksOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const stamps = []
  let first = bytes.length
  for (let at = 0; at + 12 <= bytes.length;) {
    const total = view.getUint32(at + 4, true)
    const skip = eventTypes.get(view.getUint32(at, true))
    if (total < 12 || at + total > bytes.length) return { stamps, first, end: at }
    if (skip !== undefined) {
      first = Math.min(first, at)
      stamps.push(at + 8 + skip)
    }
    at += total
  }
  return { stamps, first, end: bytes.length }
}

function unpacked(path) {
  const raw = readFileSync(path)
  return raw[0] === 0x1f ? gunzipSync(raw) : raw
}

export function firstStampOf(path) {
  const bytes = unpacked(path)
  const [stamp] = blocksOf(bytes).stamps
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(stamp, true)
}

/** IPv4 with TOS 0xc0, TTL 255 and protocol 112 becomes another protocol: an advert is sent once, not in each round. */
function muteAdverts(events) {
  for (let at = events.indexOf(0x45); at !== -1 && at + 10 <= events.length; at = events.indexOf(0x45, at + 1))
    if (events[at + 1] === 0xc0 && events[at + 8] === 255 && events[at + 9] === 112) events[at + 9] = 253
}

/** Yields pieces; the first has the state blocks as well. */
export function* repeatedScap(path, wantedEvents) {
  const bytes = unpacked(path)
  const { stamps, first, end } = blocksOf(bytes)
  const events = Buffer.from(bytes.subarray(first, end))
  const view = new DataView(events.buffer, events.byteOffset, events.byteLength)
  const at = stamps.map((stamp) => stamp - first)
  const times = at.map((offset) => view.getBigUint64(offset, true))
  const round = times.reduce((most, one) => (one > most ? one : most)) - times[0] + pause
  yield bytes.subarray(0, first)
  for (let done = 0, shift = 0n; done < wantedEvents; done += at.length, shift += round) {
    at.forEach((offset, i) => view.setBigUint64(offset, times[i] + shift, true))
    yield Buffer.from(events)
    if (done === 0) muteAdverts(events)
  }
}
