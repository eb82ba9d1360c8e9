// Do moments gather at one phase of a period? Moments on a clock face of that length: the mean of their directions is
// long when they gather (Lord Rayleigh 1880).

export interface Gathering {
  /** Length of the mean direction, 0 (all around) to 1 (all at one phase). */
  readonly strength: number
  /** Where they gather, 0 to `period`. */
  readonly phase: number
}

const turn = 2 * Math.PI

export function gatheringOf(moments: readonly number[], period: number): Gathering {
  let [x, y] = [0, 0]
  for (const at of moments) {
    x += Math.cos((turn * at) / period)
    y += Math.sin((turn * at) / period)
  }
  const angle = Math.atan2(y, x)
  return {
    strength: Math.hypot(x, y) / Math.max(1, moments.length),
    phase: ((angle < 0 ? angle + turn : angle) / turn) * period,
  }
}

/** Chance of so strong a gathering of `n` moments that may be at any phase; the approximation of Zar, good from n = 5. */
export function rayleighP(strength: number, n: number): number {
  const r = n * strength
  return Math.min(1, Math.exp(Math.sqrt(1 + 4 * n + 4 * (n * n - r * r)) - (1 + 2 * n)))
}
