// A moment in a member's line or in the manifest: nanoseconds since the epoch, as text, since JSON's numbers are not that fine.

import * as v from 'valibot'
import { epochOf, instantAt, type Epoch, type Instant } from '../time/instant.ts'

export const epochText = v.pipe(v.string(), v.regex(/^-?\d{1,20}$/))

export const instantOfText = (text: string, origin: Epoch): Instant => instantAt(epochOf(BigInt(text)), origin)
