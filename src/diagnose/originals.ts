// One packet on several links of this host: which of them saw it first?
//
//   guest ── tap ── bridge ── uplink        the tap is where its sender is judged; the others see copies

import type { Advert } from '../events/packet.ts'
import { spanOf } from '../time/instant.ts'

/** A packet on the first link that saw it. */
export interface Original {
  readonly advert: Advert
  readonly isLate: boolean
}

export interface Originals {
  /** `copies`: how often this link has shown copies before. */
  of(advert: Advert, copies: number): Original | undefined
  add(original: Original): void
  /** No flow with this packet key is followed any more. */
  forget(packetKey: string): void
}

const copyWithin = spanOf(0.1e9)
const originalsKept = 16
const knownAfter = 3
const multicast = { 4: '224.', 6: 'ff' } as const

export const packetKeyOf = (a: Advert): string => [a.family, a.source, a.destination, a.vrid].join(' ')

const isSameFrame = (one: string | undefined, other: string | undefined): boolean =>
  one === undefined || other === undefined || one === other

export function createOriginals(): Originals {
  /** By packet key, newest last. */
  const firstSeen = new Map<string, Original[]>()
  return {
    /**
     * The same packet on a link that it passed before: by its IPv4 ID; without one, by its moment. Tenants often have the
     * same addresses, and count from 1 alike: a frame keeps its source MAC within one network, and a copy follows at once
     * until this link is known to show copies.
     */
    of(advert, copies) {
      return firstSeen.get(packetKeyOf(advert))?.findLast((one) => {
        const { link, sourceMac, ipId, at } = one.advert
        if (link === advert.link) return false
        if (!isSameFrame(sourceMac, advert.sourceMac) && advert.destination.startsWith(multicast[advert.family]))
          return false
        const isAtOnce = advert.at - at < copyWithin
        return advert.ipId === undefined ? isAtOnce : ipId === advert.ipId && (isAtOnce || copies >= knownAfter)
      })
    },
    add(original) {
      const key = packetKeyOf(original.advert)
      const known = firstSeen.get(key)
      if (known === undefined) firstSeen.set(key, [original])
      else if (known.push(original) > originalsKept) known.shift()
    },
    forget(packetKey) {
      firstSeen.delete(packetKey)
    },
  }
}
