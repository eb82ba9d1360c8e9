// How far a long reading is, on stderr; nothing of what is quick.

import { notice } from './say.ts'

const afterMs = 1000
const everyMs = 2000

export function createProgress(isQuiet: boolean): (name: string, unpackedBytes: number) => void {
  let nextMs = performance.now() + afterMs
  return (name, unpackedBytes) => {
    if (isQuiet || performance.now() < nextMs) return
    nextMs = performance.now() + everyMs
    notice(`whylate: reading ${name}, ${(unpackedBytes / 2 ** 20).toFixed(0)} MiB so far`)
  }
}
