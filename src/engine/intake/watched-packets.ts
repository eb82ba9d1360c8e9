// Of what a capture holds, what this session is about: `-i`, `--vrid`, or with `--filter` every packet as a heartbeat.

import type { Advert, PacketSink } from '../../events/packet.ts'
import type { CapturedPacket } from '../../parse/packet/captured-packet.ts'
import { second, type Span } from '../../time/instant.ts'
import { heartbeatOf } from './heartbeat.ts'

export interface Watched {
  readonly interval: Span | undefined
  readonly vrid: number | undefined
  readonly links: readonly string[]
  readonly isHeartbeat: boolean
}

export interface Tapped extends Watched {
  readonly onAdvert?: (advert: Advert, packet: CapturedPacket) => void
}

/** The sink for a capture's parser and, where somebody wants the packets behind the adverts, its ear for them. */
export function tappedPackets(
  sink: PacketSink,
  watched: Tapped,
): { readonly sink: PacketSink; readonly onPacket?: (packet: CapturedPacket) => void } {
  const { onAdvert } = watched
  if (onAdvert === undefined) return { sink: watchedPackets(sink, watched) }
  let latest: CapturedPacket | undefined
  const told: PacketSink = {
    ...sink,
    advert(advert) {
      sink.advert(advert)
      // The parser told of the packet just before it looked inside.
      if (latest !== undefined) onAdvert(advert, latest)
    },
  }
  return {
    sink: watchedPackets(told, watched),
    onPacket(packet) {
      latest = packet
    },
  }
}

function watchedPackets(sink: PacketSink, { interval, vrid, links, isHeartbeat }: Watched): PacketSink {
  if (isHeartbeat) return { ...sink, traffic: (packet) => sink.advert(heartbeatOf(packet, interval ?? second)) }
  const isOnLink = ({ link }: { readonly link: string }): boolean => links.length === 0 || links.includes(link)
  const isWatched = (advert: Advert): boolean => (vrid === undefined || advert.vrid === vrid) && isOnLink(advert)
  return {
    ...sink,
    advert: (advert) => (isWatched(advert) ? sink.advert(advert) : sink.ignored('advert of another link or VRID')),
    traffic: (traffic) => (isOnLink(traffic) ? sink.traffic(traffic) : sink.ignored('packet of another link')),
  }
}
