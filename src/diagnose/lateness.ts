// How late a late advert was: the one number that every form tells, ranks by and sums up.
//
//   previous        own due                    re-armed due   sent
//      |---interval---|                            |------------|    late by the timer as re-armed: its overrun
//      |---interval---|                       sent |                 punctual by that one (W4r), late by its own alone
//
// The overrun of a W4r is nought or below, and is nobody's delay: what it cost is how long its own timer was held back.

import type { Span } from '../time/instant.ts'
import type { LateAdvert } from './finding.ts'

/** It is late by its own timer alone; by the one that foreign adverts re-armed it was on time. */
export const isByOwnTimer = ({ wire, overrun }: { readonly wire: string; readonly overrun: number }): boolean =>
  wire === 'W4r' || overrun <= 0

/** Never negative. */
export const latenessOf = (late: Pick<LateAdvert, 'wire' | 'overrun' | 'ownOverrun'>): Span =>
  isByOwnTimer(late) ? late.ownOverrun : late.overrun
