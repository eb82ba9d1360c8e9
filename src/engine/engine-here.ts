// The engine in the thread of its owner: for tests, which run the source, and Node 20 runs no TypeScript in a worker.
//
// A file of its own, because it brings the whole engine along: where a worker runs it, its owner loads none of it.

import type { EngineOptions } from './engine.ts'
import { hostOf, type EngineHost } from './engine-host.ts'
import { runEngineLoop } from './engine-loop.ts'

export function openEngineHere(options: EngineOptions): EngineHost {
  return hostOf(options, (post) => {
    const loop = runEngineLoop(options, post)
    return { send: (message) => loop.on(message) }
  })
}
