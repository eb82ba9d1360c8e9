// The sender's own account of its adverts: what keepalived gave to sendmsg, and when.
//
// keepalived writes the whole IPv4 packet itself, so the recorded data (80 bytes by default) begins with its header:
//
//   45 c0 00 28 | id id | .. .. ff 70 .. .. | source | destination | 21 vrid prio count ...
//                 ^4-5        ^9 protocol     ^12                    ^20 version and type, ^21 VRID
//
// With the identification the same advert is found on the wire, and the time between says how long it was held. With
// AH (protocol 51) the VRRP part comes behind that header. For IPv6 the kernel makes the header: there is no
// identification, and the source is that of the socket tuple. Nothing behind the VRID is looked at: that is where the
// password is.

import { unknown } from '../../events/kernel.ts'
import { instantOf } from '../../time/instant.ts'
import { holderOf, intOf, placeOf } from './call-parameters.ts'
import { position } from './event-tables.ts'
import type { Scene } from './scene.ts'
import type { SentAdvertSink } from './sent-advert-sink.ts'
import { family, formatIpv4, formatIpv6 } from './socket-names.ts'

const vrrp = 112
const ah = 51
/** VRRP versions 2 and 3, type advertisement. */
const isAdvertByte = (byte: number | undefined): boolean => byte === 0x21 || byte === 0x31

/** Reads the sendmsg or sendto at hand; tells the sink if it is an advert. */
export function tellSentAdvert({ event, enter }: Scene, sink: SentAdvertSink): void {
  const { tid } = event
  const enterAt = instantOf(enter.at)
  const tupleOf = holderOf(event, enter, position.tuple)
  const tuple = tupleOf.offsetOf(placeOf(tupleOf, position.tuple))
  const tupleSize = tupleOf.sizeOf(placeOf(tupleOf, position.tuple))
  const data = event.offsetOf(placeOf(event, position.data))
  const dataSize = event.sizeOf(placeOf(event, position.data))
  const kind = tupleSize > 0 ? tupleOf.bytes[tuple] : undefined
  const width = kind === family.ipv6 ? 16 : 4
  // The "port" of a raw socket's local end is its protocol number.
  if (tupleSize < 1 + 2 * (width + 2) || portAt(tupleOf.bytes, tuple + 1 + width) !== vrrp) return
  const result = intOf(event, position.res)
  const { bytes } = event
  if (kind === family.ipv6) {
    if (dataSize < 2 || !isAdvertByte(bytes[data])) return
    const source = formatIpv6(tupleOf.bytes, tuple + 1)
    sink.sentAdvert(event.at, enterAt, tid, unknown, bytes[data + 1] ?? 0, source, result)
    return
  }
  const at = kind === family.ipv4 ? vrrpAt(bytes, data, dataSize) : undefined
  if (at === undefined || !isAdvertByte(bytes[at])) return
  const ipId = ((bytes[data + 4] ?? 0) << 8) | (bytes[data + 5] ?? 0)
  sink.sentAdvert(event.at, enterAt, tid, ipId, bytes[at + 1] ?? 0, formatIpv4(bytes, data + 12), result)
}

const portAt = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)

/** Where the VRRP part of an IPv4 packet begins, with room for two bytes of it; undefined when it has none. */
function vrrpAt(bytes: Uint8Array, data: number, size: number): number | undefined {
  const first = size >= 20 ? (bytes[data] ?? 0) : 0
  const headerBytes = (first & 15) * 4
  if (first >> 4 !== 4 || headerBytes < 20) return undefined
  const protocol = bytes[data + 9]
  let offset = headerBytes
  if (protocol === ah) {
    if (offset + 2 > size || bytes[data + offset] !== vrrp) return undefined
    offset += ((bytes[data + offset + 1] ?? 0) + 2) * 4
  } else if (protocol !== vrrp) return undefined
  return offset + 2 <= size ? data + offset : undefined
}
