// What an instant is: nanoseconds since this session's origin.
//
// A wall clock in nanoseconds does not fit a double (at today's epoch one step is 256 ns), a distance does: it is
// exact for 104 days. So the wall clock appears at the edges only, as a bigint, and everything inside is a plain
// number counted from the origin. Brands make a mixed-up unit a type error and cost nothing at run time.

declare const brand: unique symbol

/** Wall clock, nanoseconds since 1970-01-01T00:00:00Z. */
export type Epoch = bigint & { readonly [brand]: 'epoch' }
/** Nanoseconds since the session's origin; negative for what was recorded before it. */
export type Instant = number & { readonly [brand]: 'instant' }
/** A length of time, nanoseconds. */
export type Span = number & { readonly [brand]: 'span' }

export const millisecond = 1e6 as Span
export const second = 1e9 as Span

export const epochOf = (nanoseconds: bigint): Epoch => nanoseconds as Epoch
export const instantOf = (nanoseconds: number): Instant => nanoseconds as Instant
export const spanOf = (nanoseconds: number): Span => nanoseconds as Span

/** Seconds and fraction as their decimal digits, never as a float: `epochFrom('1790000000', '123456789')`. */
export function epochFrom(seconds: string, fraction: string): Epoch {
  return (BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'))) as Epoch
}

export function instantAt(epoch: Epoch, origin: Epoch): Instant {
  return Number(epoch - origin) as Instant
}

export function epochAt(instant: Instant, origin: Epoch): Epoch {
  return (origin + BigInt(Math.round(instant))) as Epoch
}

export function between(from: Instant, to: Instant): Span {
  return (to - from) as Span
}

export function after(at: Instant, by: Span): Instant {
  return (at + by) as Instant
}

export function before(at: Instant, by: Span): Instant {
  return (at - by) as Instant
}

/** A stretch of time. `to` is never before `from`. */
export interface Window {
  readonly from: Instant
  readonly to: Instant
}

/** How much of `a` lies inside `b`. */
export function overlapOf(a: Window, b: Window): Span {
  return Math.max(0, Math.min(a.to, b.to) - Math.max(a.from, b.from)) as Span
}

/** The parts of `window` that none of `others` covers; those in order of their beginnings. */
export function outsideOf(window: Window, others: readonly Window[]): Window[] {
  const open: Window[] = []
  let from: Instant = window.from
  for (const one of others) {
    if (one.to <= from) continue
    if (one.from >= window.to) break
    if (one.from > from) open.push({ from, to: one.from })
    from = one.to
  }
  if (from < window.to) open.push({ from, to: window.to })
  return open
}
