// When the sender itself said that it sent: sendmsg of each advert, to be held against the moment it passed the link.

import type { Issued } from '../diagnose/evidence.ts'

export interface IssuedAdverts {
  /** `ipId`: IPv4 Identification; -1 (IPv6) cannot be matched and is not kept. */
  add(source: string, vrid: number, ipId: number, issued: Issued): void
  find(source: string, vrid: number, ipId: number): Issued | undefined
}

/** Far fewer than an ID takes to come round again. */
const kept = 16_384

export function createIssuedAdverts(): IssuedAdverts {
  const byAdvert = new Map<string, Issued>()
  const keyOf = (source: string, vrid: number, ipId: number): string => `${source} ${vrid} ${ipId}`
  return {
    add(source, vrid, ipId, issued) {
      if (ipId < 0) return
      const key = keyOf(source, vrid, ipId)
      byAdvert.delete(key)
      byAdvert.set(key, issued)
      if (byAdvert.size > kept) byAdvert.delete(byAdvert.keys().next().value ?? '')
    },
    find: (source, vrid, ipId) => byAdvert.get(keyOf(source, vrid, ipId)),
  }
}
