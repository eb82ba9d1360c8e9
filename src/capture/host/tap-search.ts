// Who holds a tap that no qemu holds: asked of every process, a few at each tick.
//
// A tap of our own network namespace shows in /sys/class/net/<tap>/tun_flags. One that nobody known holds starts a
// search through the open files of all processes, sixteen a tick (about 2 ms), so that no tick is held up. A search that
// finds nobody is not repeated for a minute, unless another such tap appears.

import { namesIn, readOnce } from './kernel-file.ts'
import { readTapsOf } from './qemu.ts'

export interface TapSearch {
  /** Says which taps there are and which of them are known to be held. */
  look(heldTaps: ReadonlySet<string>, pids: readonly number[]): void
  /** Asks a few processes. True when a holder was found. */
  step(): boolean
  /** Processes that were found to hold a tap. */
  readonly holders: ReadonlySet<number>
  forget(pid: number): void
}

const perStep = 16
const pauseMs = 60_000

export function createTapSearch(): TapSearch {
  const holders = new Set<number>()
  const taps = new Map<string, boolean>()
  let queue: number[] = []
  let searchedFor = ''
  let searchedAtMs = -Infinity

  const isTap = (name: string): boolean => {
    const known = taps.get(name) ?? readOnce(`/sys/class/net/${name}/tun_flags`) !== undefined
    taps.set(name, known)
    return known
  }

  return {
    look(heldTaps, pids) {
      const names = namesIn('/sys/class/net')
      for (const name of taps.keys()) if (!names.includes(name)) taps.delete(name)
      // A persistent tap that is up and has nobody behind it has no carrier.
      const lost = names.filter(
        (name) => isTap(name) && !heldTaps.has(name) && readOnce(`/sys/class/net/${name}/carrier`)?.trim() !== '0',
      )
      const wanted = lost.join(' ')
      const nowMs = performance.now()
      if (wanted === '' || queue.length > 0 || (wanted === searchedFor && nowMs - searchedAtMs < pauseMs)) return
      searchedFor = wanted
      searchedAtMs = nowMs
      queue = [...pids]
    },
    step() {
      let isFound = false
      for (const pid of queue.splice(-perStep)) {
        if (readTapsOf(pid).length === 0) continue
        holders.add(pid)
        isFound = true
      }
      return isFound
    },
    holders,
    forget: (pid) => holders.delete(pid),
  }
}
