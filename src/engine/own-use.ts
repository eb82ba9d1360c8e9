// What whylate itself costs, from the sampler's once-a-second counters.

import type { Instant } from '../time/instant.ts'

export interface CountedUse {
  readonly at: Instant | undefined
  readonly cpuNs: number
  /** Of one core, ourselves and our children, over the last second. */
  readonly cpuShare: number
  readonly rssBytes: number
}

export const unknownUse: CountedUse = { at: undefined, cpuNs: 0, cpuShare: 0, rssBytes: 0 }

export function ownUseOf(
  before: CountedUse,
  at: Instant,
  facts: Readonly<Record<string, number | string>>,
): CountedUse {
  const numberOf = (key: string): number => (typeof facts[key] === 'number' ? facts[key] : 0)
  const cpuNs = numberOf('ownCpuNs') + numberOf('childrenCpuNs')
  if (cpuNs === 0) return before
  const passed = before.at === undefined ? 0 : at - before.at
  const cpuShare = passed > 0 ? Math.max(0, cpuNs - before.cpuNs) / passed : before.cpuShare
  return { at, cpuNs, cpuShare, rssBytes: numberOf('ownRssBytes') + numberOf('childrenRssBytes') }
}
