// What was read of a sender, whichever kind of sender it is.

import type { Suspect } from '../explanation.ts'
import type { Claim } from './claim.ts'
import type { Ruling } from './ruling.ts'

/** What a sender's reading yields: the claims for the ledger, and what they come to. */
export interface Read {
  readonly claims: readonly Claim[]
  readonly ruling: Ruling
  /** What the rest of the ledger is called. */
  readonly rest: string
  /** Where the sender was not seen: what could have been. */
  readonly alternatives?: readonly Suspect[]
}
