// How the report's value rounds, says that something is not known, and counts lateness.

import { isByOwnTimer } from '../diagnose/lateness.ts'
import type { ReportLate } from './report-shape.ts'

/** To the nanosecond, as milliseconds. */
export const msOf = (ns: number): number => Math.round(ns) / 1e6
/** Enough digits to compare, few enough to read. */
export const rounded = (value: number): number => Number(value.toPrecision(6))
/** latenessOf, of the report's own numbers. */
export const latenessMs = (late: Pick<ReportLate, 'wire' | 'overrunMs' | 'ownOverrunMs'>): number =>
  isByOwnTimer({ wire: late.wire, overrun: late.overrunMs }) ? late.ownOverrunMs : late.overrunMs
export const orNull = <T>(value: T | undefined): T | null => value ?? null
