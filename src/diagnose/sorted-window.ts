// The last so many values, in order of size, so that median and MAD cost no sorting: asked for with every advert.
//
//   came   4 9 2 7 5          the oldest goes when a new one comes
//   sorted 2 4 5 7 9          median 5; distances from it, from the middle outwards on both sides: 0 1 2 3 4; MAD 2

export interface SortedWindow {
  add(value: number): void
  readonly count: number
  /** 0 while there is nothing. */
  readonly median: number
  /** Median absolute deviation from the median. */
  readonly deviation: number
}

export function createSortedWindow(size: number): SortedWindow {
  const came = new Float64Array(size)
  const sorted = new Float64Array(size)
  let count = 0
  let next = 0

  /** Index of the first one that is not smaller. */
  function placeOf(value: number): number {
    let low = 0
    let high = count
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((sorted[middle] ?? 0) < value) low = middle + 1
      else high = middle
    }
    return low
  }

  const at = (i: number): number => sorted[i] ?? 0
  const median = (): number => {
    if (count === 0) return 0
    const middle = count >> 1
    return count % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2
  }

  return {
    add(value) {
      if (count === size) {
        const oldest = placeOf(came[next] ?? 0)
        sorted.copyWithin(oldest, oldest + 1, count)
        count--
      }
      const place = placeOf(value)
      sorted.copyWithin(place + 1, place, count)
      sorted[place] = value
      count++
      came[next] = value
      next = (next + 1) % size
    },
    get count() {
      return count
    },
    get median() {
      return median()
    },
    get deviation() {
      const centre = median()
      let right = placeOf(centre)
      let left = right - 1
      let before = 0
      let last = 0
      // Half of them, nearest first: the last two are what the median of the distances is made of.
      for (let taken = 0; taken <= count >> 1; taken++) {
        before = last
        const below = left >= 0 ? centre - at(left) : Infinity
        const above = right < count ? at(right) - centre : Infinity
        last = Math.min(below, above)
        if (below < above) left--
        else right++
      }
      return count === 0 ? 0 : count % 2 === 1 ? last : (before + last) / 2
    },
  }
}
