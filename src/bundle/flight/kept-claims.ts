// What a flight recorder says it has kept, on its way to kept.ndjson. A line there must never speak of bytes that are not on
// the disk yet: what is claimed during a round is written in the next one, behind its bytes.

import type { Claim } from './flight-ring.ts'

export interface KeptClaims {
  add(claim: Claim): void
  /** Those so far: their bytes go to the disk in the round that begins now. */
  take(): readonly Claim[]
}

export function createKeptClaims(): KeptClaims {
  let claims: Claim[] = []
  return {
    add(claim) {
      // A stretch that goes on is one line a round.
      const i = claims.findLastIndex((one) => one.because === claim.because && one.to === claim.from)
      const before = claims[i]
      if (before === undefined) claims.push(claim)
      else claims[i] = { ...claim, from: before.from }
    },
    take() {
      const taken = claims
      claims = []
      return taken
    },
  }
}
