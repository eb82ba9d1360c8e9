// The host sampler's lines, ten a second: which of them tell something that holds on (who sends, which cgroups), and which
// one a second stands for the others where nothing is late?

import { second, type Instant } from '../../time/instant.ts'

export interface ThinnedLines {
  readonly coarse: Uint8Array | undefined
  readonly fine: Uint8Array | undefined
}

const coarseEvery = 0.95 * second
const newline = 0x0a
/** `ns` and `mono` come first. */
const headBytes = 80

/** What later lines do not say again. */
function holdsOn(line: Buffer): boolean {
  const head = line.subarray(0, headBytes)
  return head.includes('"facts":') || head.includes('"senders":') || line.includes('"cgOf":')
}

export function createHostThinning(): (at: Instant, lines: Uint8Array) => ThinnedLines {
  let toldAt = -Infinity
  return (at, lines) => {
    const bytes = Buffer.from(lines.buffer, lines.byteOffset, lines.length)
    const coarse: Buffer[] = []
    const fine: Buffer[] = []
    for (let from = 0; from < bytes.length;) {
      const end = bytes.indexOf(newline, from) + 1 || bytes.length
      const line = bytes.subarray(from, end)
      from = end
      if (holdsOn(line)) coarse.push(line)
      else if (at - toldAt >= coarseEvery || at < toldAt) {
        toldAt = at
        coarse.push(line)
      } else fine.push(line)
    }
    const joined = (lines_: Buffer[]): Uint8Array | undefined =>
      lines_.length === 0 ? undefined : new Uint8Array(Buffer.concat(lines_))
    return { coarse: joined(coarse), fine: joined(fine) }
  }
}
