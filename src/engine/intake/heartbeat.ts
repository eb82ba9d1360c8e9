// Another heartbeat than VRRP (`--filter`): each packet of the capture stands for an advert of its source, due every
// `--interval`. Without a VRID, a priority or an IPv4 ID there is no takeover to expect and no loss to tell from lateness.

import type { Advert, Traffic } from '../../events/packet.ts'
import type { Span } from '../../time/instant.ts'

export function heartbeatOf(packet: Traffic, interval: Span): Advert {
  return {
    at: packet.at,
    link: packet.link,
    vlan: packet.vlan,
    family: packet.source?.includes(':') === true ? 6 : 4,
    source: packet.source ?? packet.sourceMac ?? 'unknown source',
    destination: packet.what,
    sourceMac: packet.sourceMac,
    isOutgoing: packet.isOutgoing,
    version: 3,
    vrid: 0,
    priority: 100,
    interval,
    ipId: undefined,
    hopLimit: 0,
    auth: 'none',
    checksum: 'unknown',
    addresses: [],
    stampedAt: undefined,
  }
}
