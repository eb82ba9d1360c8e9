// The lines of a member that is text. What is longer than any of ours is stepped over; the half line of a recorder that
// was killed is no line.

import * as v from 'valibot'
import type { Bundle } from './bundle.ts'

const newline = 0x0a
const longestLine = 1024 * 1024

/** Nothing when there is no such member. */
export async function* linesOf(bundle: Bundle, name: string): AsyncGenerator<string> {
  if (!bundle.names.includes(name)) return
  const decoder = new TextDecoder()
  let held = Buffer.alloc(0)
  let isSkipping = false
  for await (const one of bundle.read(name)) {
    if (one.kind !== 'bytes') {
      // A line that a hole runs through is two halves of different lines.
      isSkipping ||= one.kind === 'hole'
      held = Buffer.alloc(0)
      continue
    }
    held = held.length === 0 ? Buffer.from(one.bytes) : Buffer.concat([held, one.bytes])
    let from = 0
    for (let to = held.indexOf(newline); to !== -1; to = held.indexOf(newline, from)) {
      if (!isSkipping && to > from) yield decoder.decode(held.subarray(from, to))
      isSkipping = false
      from = to + 1
    }
    held = held.subarray(from)
    if (held.length <= longestLine) continue
    bundle.complain(`${name} holds a line of more than ${longestLine} bytes.`)
    isSkipping = true
    held = Buffer.alloc(0)
  }
}

/** Lines of JSON that are as they should be, at most so many; of others the bundle is told. */
export async function* recordsOf<T>(
  bundle: Bundle,
  name: string,
  shape: v.GenericSchema<unknown, T>,
  most: number,
): AsyncGenerator<T> {
  let count = 0
  for await (const text of linesOf(bundle, name)) {
    const record = count < most ? recordIn(text, shape) : undefined
    if (record === undefined) {
      bundle.complain(`${name} holds lines that cannot be read.`)
      continue
    }
    count++
    yield record
  }
}

function recordIn<T>(text: string, shape: v.GenericSchema<unknown, T>): T | undefined {
  try {
    const result = v.safeParse(shape, JSON.parse(text))
    return result.success ? result.output : undefined
  } catch {
    // No JSON at all.
    return undefined
  }
}
