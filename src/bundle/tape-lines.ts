// The lines of a tape's tracks in the order of their moments. A flight recording has two: what was written at once, and what
// was written when it was clear that it is wanted, which speaks of earlier moments.

import type { Instant } from '../time/instant.ts'
import type { Bundle } from './bundle.ts'
import { linesOf } from './member-lines.ts'
import { flightName, tapeName } from './member-name.ts'
import { parseTapeLine, type TapeLine } from './tape-line.ts'

const momentOf = (line: TapeLine): Instant => (line.kind === 'bytes' ? line.at : line.notice.at)

async function* trackOf(bundle: Bundle, name: string): AsyncGenerator<TapeLine> {
  for await (const text of linesOf(bundle, name)) {
    const line = parseTapeLine(text)
    if (line === undefined) bundle.complain(`${name} holds lines that are none of a tape.`)
    else yield line
  }
}

export async function* tapeLinesOf(bundle: Bundle): AsyncGenerator<TapeLine> {
  const tracks = [trackOf(bundle, tapeName), trackOf(bundle, flightName)]
  try {
    const heads = await Promise.all(tracks.map((track) => track.next()))
    for (;;) {
      let next = -1
      for (const [i, head] of heads.entries()) {
        if (head.done === true) continue
        const best = heads[next]
        if (best === undefined || best.done === true || momentOf(head.value) < momentOf(best.value)) next = i
      }
      const head = heads[next]
      const track = tracks[next]
      if (head === undefined || head.done === true || track === undefined) return
      yield head.value
      heads[next] = await track.next()
    }
  } finally {
    for (const track of tracks) await track.return(undefined)
  }
}
