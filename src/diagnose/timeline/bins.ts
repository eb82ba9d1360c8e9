// Spreads what took time, or happened at a moment, over the columns of a lane, and keeps whose it was.

import type { ProbeName } from '../../events/probe.ts'
import type { Window } from '../../time/instant.ts'
import type { Lane, LaneActor, LaneKind } from './lane.ts'

/** In a column only the largest share is told, so whoever comes after so many others is one of the rest. */
const mostActors = 48

export interface Scale extends Window {
  readonly columns: number
}

export interface LaneHead {
  readonly key: string
  readonly kind: LaneKind
  readonly name: string
  readonly sources: readonly ProbeName[]
  readonly isMoments?: boolean
  readonly isCoarse?: boolean
}

export interface Bins {
  /** An actor by its own id, made once. */
  actor(id: number | string, make: () => LaneActor): number
  /** `weight`: the part of each instant that it had, 0 to 1. */
  spread(from: number, to: number, actor: number, weight?: number): void
  moment(at: number, actor: number): void
  readonly isEmpty: boolean
  lane(): Lane
}

const rest: LaneActor = { name: 'others', isSender: false, isOurs: false }

export function openBins(head: LaneHead, { from, to, columns }: Scale): Bins {
  const width = Math.max(1, to - from) / columns
  const actors: LaneActor[] = []
  const ids = new Map<number | string, number>()
  const sums: Float64Array[] = []
  let isEmpty = true

  function sumsOf(actor: number): Float64Array {
    return (sums[actor] ??= new Float64Array(columns))
  }

  function add(actor: number, column: number, amount: number): void {
    const own = sumsOf(actor)
    own[column] = (own[column] ?? 0) + amount
    isEmpty = false
  }

  return {
    actor(id, make) {
      const known = ids.get(id)
      if (known !== undefined) return known
      if (actors.length === mostActors) actors.push(rest)
      const index = actors.length > mostActors ? mostActors : actors.push(make()) - 1
      ids.set(id, index)
      return index
    },
    spread(begin, end, actor, weight = 1) {
      const first = Math.max(from, begin)
      const last = Math.min(to, end)
      if (last <= first || weight <= 0) return
      const lastColumn = Math.min(columns - 1, Math.floor((last - from) / width))
      for (let column = Math.floor((first - from) / width); column <= lastColumn; column++) {
        const left = from + column * width
        add(actor, column, (weight * (Math.min(last, left + width) - Math.max(first, left))) / width)
      }
    },
    moment(at, actor) {
      if (at < from || at > to) return
      add(actor, Math.min(columns - 1, Math.floor((at - from) / width)), 1)
    },
    get isEmpty() {
      return isEmpty
    },
    lane() {
      const levels = new Uint8Array(columns)
      const who = new Uint8Array(columns)
      for (let column = 0; column < columns; column++) {
        let sum = 0
        let most = 0
        sums.forEach((own, actor) => {
          const amount = own[column] ?? 0
          sum += amount
          if (amount > most) {
            most = amount
            who[column] = actor + 1
          }
        })
        // Anything above nothing shows.
        levels[column] = sum > 0 ? Math.max(1, Math.round(255 * Math.min(1, sum))) : 0
      }
      return {
        key: head.key,
        kind: head.kind,
        name: head.name,
        sources: head.sources,
        isMoments: head.isMoments ?? false,
        isCoarse: head.isCoarse ?? false,
        levels,
        who,
        actors,
        isTooMuch: false,
      }
    },
  }
}

export function laneWithTooMuch(head: LaneHead, { columns }: Scale): Lane {
  return {
    key: head.key,
    kind: head.kind,
    name: head.name,
    sources: head.sources,
    isMoments: false,
    isCoarse: false,
    levels: new Uint8Array(columns),
    who: new Uint8Array(columns),
    actors: [],
    isTooMuch: true,
  }
}
