// What a child says on stderr in one life: which lines become notices, which explain its end, and how many at most.
//
// A person reads a dozen lines, not a thousand: ten lines may come at once and one more each second; what is beyond
// that is counted and told as one line. Counters (drops) always pass, they are the reason for reading stderr at all.

import { between, millisecond } from '../time/instant.ts'
import type { OutputListener } from './output.ts'
import type { OwnClock } from './own-clock.ts'
import { ownPart, type StderrMeaning, type ToolSpec } from './tool-spec.ts'

const mostAtOnce = 10
const refillMs = 1000
const longestText = 500

export interface Speech {
  begin(): void
  line(text: string): void
  /** Each quarter of a second: tells what was held back. */
  tick(): void
  end(): void
  readonly refused: Extract<StderrMeaning, { kind: 'refused' }> | undefined
  readonly introduced: Extract<StderrMeaning, { kind: 'introduced' }> | undefined
  /** The best explanation for its end: a line that was recognised, else the last one that was not. */
  readonly cause: string | undefined
}

export function createSpeech(spec: ToolSpec, clock: OwnClock, listener: OutputListener): Speech {
  let refused: Speech['refused']
  let introduced: Speech['introduced']
  let cause: string | undefined
  let last: string | undefined
  let lost = 0
  let allowed = mostAtOnce
  let heldBack = 0
  let refilledAt = clock.now()

  const own = ownPart(spec)

  function say(text: string): void {
    if (allowed < 1) {
      heldBack++
      return
    }
    allowed--
    listener({ kind: 'said', ...own, at: clock.now(), text: text.slice(0, longestText) })
  }

  function tellHeldBack(): void {
    if (heldBack === 0) return
    const text = `${spec.tool} wrote ${heldBack} more lines to stderr`
    heldBack = 0
    listener({ kind: 'said', ...own, at: clock.now(), text })
  }

  function take(text: string): void {
    const meaning = spec.readStderr(text)
    switch (meaning.kind) {
      case 'ignored':
        return
      case 'said':
        last = text.slice(0, longestText)
        return say(text)
      case 'drops':
        lost = meaning.total
        return listener({ kind: 'drops', ...own, at: clock.now(), total: lost })
      case 'lost':
        lost += meaning.count
        return listener({ kind: 'drops', ...own, at: clock.now(), total: lost })
      case 'cause':
        cause ??= meaning.reason
        return
      case 'refused':
        refused ??= meaning
        return
      case 'introduced':
        introduced = meaning
        return
      case 'cost':
        return listener({ ...meaning, ...own, at: clock.now() })
    }
  }

  return {
    begin() {
      refused = undefined
      introduced = undefined
      cause = undefined
      last = undefined
      lost = 0
    },
    line: take,
    tick() {
      const now = clock.now()
      const passed = between(refilledAt, now) / millisecond
      if (passed < refillMs) return
      refilledAt = now
      allowed = Math.min(mostAtOnce, allowed + passed / refillMs)
      tellHeldBack()
    },
    end: tellHeldBack,
    get refused() {
      return refused
    },
    get introduced() {
      return introduced
    },
    get cause() {
      return cause ?? (refused === undefined ? last : undefined)
    },
  }
}
