// What the host sampler says beside its samples: which threads are whylate's own and what they cost, the slow facts, and
// which cgroups a process was seen in.

import type { Instant } from '../../time/instant.ts'
import { createMemberships, type Memberships } from './memberships.ts'
import { ownUseOf, unknownUse, type CountedUse } from '../own-use.ts'

export interface HostNotes {
  facts(at: Instant, told: Readonly<Record<string, number | string>>): void
  /** Threads of whylate itself. */
  own(tids: readonly number[]): void
  isOurs(pid: number): boolean
  /** Of the host's slow facts, the newest by this key. */
  fact(key: string): number | string | undefined
  readonly ownUse: CountedUse
  readonly cgroups: Memberships
}

/** Of the host's slow facts, by key. */
const factsKept = 256

export function createHostNotes(): HostNotes {
  const cgroups = createMemberships()
  const known = new Map<string, number | string>()
  let ownTids = new Set<number>()
  let ownUse = unknownUse
  return {
    cgroups,
    get ownUse() {
      return ownUse
    },
    isOurs: (pid) => ownTids.has(pid),
    fact: (key) => known.get(key),
    own(tids) {
      ownTids = new Set(tids)
    },
    facts(at: Instant, told) {
      ownUse = ownUseOf(ownUse, at, told)
      for (const [key, fact] of Object.entries(told)) if (known.size < factsKept || known.has(key)) known.set(key, fact)
    },
  }
}
