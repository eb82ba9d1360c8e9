// The only place that prints a time. Every form is as wide as its job needs and no wider.

import { epochAt, type Epoch, type Instant, type Span } from './instant.ts'

/** ISO 8601, UTC, with nine digits: `2026-11-22T12:03:26.375374000Z`. */
export function formatIso(epoch: Epoch): string {
  const ms = Number(epoch / 1_000_000n)
  const rest = Number(((epoch % 1_000_000n) + 1_000_000n) % 1_000_000n)
  return `${new Date(ms).toISOString().slice(0, -1)}${String(rest).padStart(6, '0')}Z`
}

/** The time of day, UTC, with milliseconds: `12:03:26.375`. */
export function formatClock(at: Instant, origin: Epoch): string {
  return formatIso(epochAt(at, origin)).slice(11, 23)
}

/** A length of time as a person says it: `5.035 s`, `250 ms`, `61 µs`, `2 min 5 s`. */
export function formatSpan(span: Span): string {
  const sign = span < 0 ? '-' : ''
  const ns = Math.abs(span)
  if (ns >= 100e9) {
    const seconds = Math.round(ns / 1e9)
    const minutes = Math.floor(seconds / 60)
    return minutes >= 60
      ? `${sign}${Math.floor(minutes / 60)} h ${minutes % 60} min`
      : `${sign}${minutes} min ${seconds % 60} s`
  }
  if (ns >= 0.9995e9) return `${sign}${(ns / 1e9).toFixed(3)} s`
  if (ns >= 0.9995e6) return `${sign}${ns >= 99.95e6 ? (ns / 1e6).toFixed(0) : (ns / 1e6).toFixed(1)} ms`
  if (ns >= 0.9995e3) return `${sign}${(ns / 1e3).toFixed(0)} µs`
  return `${sign}${Math.round(ns)} ns`
}

/** Seconds with three digits, for columns that line up: `5.035 s`. */
export function formatSeconds(span: Span): string {
  return `${(span / 1e9).toFixed(3)} s`
}
