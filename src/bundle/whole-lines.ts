// Lines of text, whole: what bpftrace and the host sampler say.

import { joined, nothing, type UnitStream } from './unit-stream.ts'

const newline = 0x0a
/** The host parser believes no longer line, either. */
const longestLine = 4 * 1024 * 1024

export function createWholeLines(): UnitStream {
  let held: Uint8Array[] = []
  let heldBytes = 0
  let lost = 0
  let isSkipping = false

  function hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    if (isSkipping || heldBytes + bytes.length > longestLine) {
      lost += heldBytes + bytes.length
      held = []
      heldBytes = 0
      isSkipping = true
      return
    }
    held.push(new Uint8Array(bytes))
    heldBytes += bytes.length
  }

  /** What follows the end of a line that was too long. */
  function afterSkipped(bytes: Uint8Array): Uint8Array {
    if (!isSkipping) return bytes
    const end = bytes.indexOf(newline) + 1
    lost += end
    isSkipping = false
    return bytes.subarray(end)
  }

  return {
    push(bytes) {
      const to = bytes.lastIndexOf(newline) + 1
      if (to === 0) {
        hold(bytes)
        return nothing
      }
      const whole = afterSkipped(bytes.subarray(0, to))
      const units = joined([...held, new Uint8Array(whole)])
      held = []
      heldBytes = 0
      hold(bytes.subarray(to))
      return units
    },
    end: () => heldBytes,
    takeLost() {
      const count = lost
      lost = 0
      return count
    },
  }
}
