// One setting that was looked at: what was read, where, and what it means for adverts.

import type { Cause } from '../diagnose/explanation.ts'

/**
 * risk: known to delay adverts by itself; note: delays them together with something else; fine: read, and good;
 * unseen: it could not be read, so nothing is said of it.
 */
export const grades = ['risk', 'note', 'unseen', 'fine'] as const
export type Grade = (typeof grades)[number]

export interface Reading {
  /** A file, a descriptor, a part of a command line. */
  readonly where: string
  /** Raw text of the host: escape it when it is shown. */
  readonly value: string
}

export interface Finding {
  /** Short and stable, for scripts: `vhost-net`. */
  readonly id: string
  /** `host`, `guest instance-000000dd (6875)`, `keepalived (812)`. */
  readonly subject: string
  readonly grade: Grade
  /** One sentence. */
  readonly says: string
  readonly read: readonly Reading[]
  /** The way from this setting to a late advert, and who says so. Absent where it is fine. */
  readonly why?: string
  readonly source?: string
  /** A command to type, or what to write where. */
  readonly change?: string
  /** The verdicts that it would show as. */
  readonly causes: readonly Cause[]
}

export const host = 'host'
