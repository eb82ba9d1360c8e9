// When the sender itself said that it sent: sendmsg of each advert, to be held against the moment it passed the link.

import type { Issued } from '../../diagnose/evidence.ts'
import type { Instant } from '../../time/instant.ts'

export interface SentAdvert extends Issued {
  readonly source: string
  readonly vrid: number
  /** IPv4 Identification; -1 for IPv6, which has none. */
  readonly ipId: number
  /** sendmsg was called; undefined in captures without enters. */
  readonly enterAt: Instant | undefined
}

export interface IssuedAdverts {
  add(sent: SentAdvert): void
  /** By its number; undefined for one that has none. */
  find(source: string, vrid: number, ipId: number): SentAdvert | undefined
  /** In the order in which they were sent; the oldest are forgotten. */
  readonly all: readonly SentAdvert[]
  /** So many were ever added. */
  readonly count: number
}

/** Far fewer than an ID takes to come round again. */
const kept = 16_384

export function createIssuedAdverts(): IssuedAdverts {
  const byAdvert = new Map<string, SentAdvert>()
  let all: SentAdvert[] = []
  let count = 0
  const keyOf = (source: string, vrid: number, ipId: number): string => `${source} ${vrid} ${ipId}`
  return {
    add(sent) {
      const { source, vrid, ipId } = sent
      if (ipId >= 0) {
        const key = keyOf(source, vrid, ipId)
        byAdvert.delete(key)
        byAdvert.set(key, sent)
        if (byAdvert.size > kept) byAdvert.delete(byAdvert.keys().next().value ?? '')
      }
      all.push(sent)
      if (all.length > 2 * kept) all = all.slice(-kept)
      count++
    },
    get all() {
      return all
    },
    get count() {
      return count
    },
    find: (source, vrid, ipId) => byAdvert.get(keyOf(source, vrid, ipId)),
  }
}
