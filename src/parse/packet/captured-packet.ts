// One packet as a capture holds it, before anybody has looked inside, and the two ways in which a look can fail.
//
//   bytes   ...|##################|........|...
//              from               to       wireTo
//              what was captured     what the snapshot length cut off
//
// A header that reaches past `to` but not past `wireTo` was cut off by a setting: nobody's fault, counted. One that
// reaches past `wireTo` is damaged or hostile: malformed.

import type { Instant } from '../../time/instant.ts'

export interface CapturedPacket {
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
  readonly wireTo: number
  /** Offset in the stream of `bytes[0]`. */
  readonly base: number
  readonly at: Instant
  /** LINKTYPE_ number, as on https://www.tcpdump.org/linktypes.html. */
  readonly linkType: number
  /** What pcapng calls the interface; undefined in a classic pcap. */
  readonly interfaceName: string | undefined
  /** What pcapng says of the direction; undefined where it says nothing. */
  readonly isOutgoing: boolean | undefined
}

export type Unreadable =
  | { readonly kind: 'ignored'; readonly what: string }
  | { readonly kind: 'malformed'; readonly reason: string; readonly at: number }

export const ignored = (what: string): Unreadable => ({ kind: 'ignored', what })

/** `at` is an index into the packet's bytes. */
export const malformed = (reason: string, at: number): Unreadable => ({ kind: 'malformed', reason, at })

/** Why a header that runs from `from` to `to` cannot be read; undefined when all of it is there. */
export function missing(packet: CapturedPacket, header: string, from: number, to: number): Unreadable | undefined {
  if (to <= packet.to) return undefined
  return to <= packet.wireTo
    ? ignored(`${header} cut off by the snapshot length`)
    : malformed(`${header} reaches past the end of the packet`, from)
}
