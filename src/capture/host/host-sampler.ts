// Starts and stops the host sampler. It runs in a thread of its own; from TypeScript sources, which Node 20 cannot run
// in a worker, it runs in this one.

import { existsSync } from 'node:fs'
import { release } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Epoch } from '../../time/instant.ts'
import type { OutputListener, ProbeOutput } from '../output.ts'
import { openOwnClock, type OwnClock } from '../own-clock.ts'
import { readHostIdentity } from './host-identity.ts'
import { openSamplingLoop } from './sampling-loop.ts'

export interface SamplerOptions {
  readonly origin: Epoch
}

export type SamplerRequest = { readonly kind: 'prefer'; readonly pids: readonly number[] } | { readonly kind: 'close' }

export interface HostSampler {
  /** These senders are sampled first when there are too many threads for all. */
  prefer(pids: readonly number[]): void
  /** Resolves when it has ended. */
  close(): Promise<void>
}

/** A worker that has not ended by then hangs in a read of /proc, and is left to the kernel. */
const patienceMs = 2000

export function openHostSampler({ origin }: SamplerOptions, listener: OutputListener): HostSampler {
  const clock = openOwnClock(origin)
  if (!existsSync('/proc/self/stat')) {
    const reason = 'there is no /proc here: the host sampler needs Linux'
    const remedy = 'run whylate on the compute node itself, with /proc mounted'
    listener({ kind: 'absent', probe: 'host', at: clock.now(), reason, remedy })
    return { prefer: () => undefined, close: () => Promise.resolve() }
  }
  return import.meta.url.endsWith('.ts') ? openHere(clock, listener) : openWorker(origin, clock, listener)
}

function openWorker(origin: Epoch, clock: OwnClock, listener: OutputListener): HostSampler {
  const options: SamplerOptions = { origin }
  const worker = new Worker(new URL('./sampler-worker.js', import.meta.url), {
    workerData: options,
    // Its lines live for a moment. Left alone, the room for them grows to 48 MiB.
    resourceLimits: { maxYoungGenerationSizeMb: 3 },
  })
  let hasEnded = false
  const say = (output: ProbeOutput): void => {
    hasEnded ||= output.kind === 'ended'
    listener(output)
  }
  const ended = (reason: string): void => {
    if (!hasEnded) say({ kind: 'ended', probe: 'host', at: clock.now(), reason, willRestart: false })
  }
  const exit = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      ended('its thread has ended')
      resolve()
    })
  })
  worker.on('message', say)
  // A defect of ours. It costs the session one probe, and says so; the rest goes on.
  worker.once('error', (error) =>
    ended(`a defect in the sampler: ${error instanceof Error ? error.stack : String(error)}`),
  )
  const ask = (request: SamplerRequest): void => worker.postMessage(request, [])
  return {
    prefer: (pids) => ask({ kind: 'prefer', pids }),
    async close() {
      ask({ kind: 'close' })
      const timer = setTimeout(() => void worker.terminate(), patienceMs)
      await exit
      clearTimeout(timer)
    },
  }
}

function openHere(clock: OwnClock, listener: OutputListener): HostSampler {
  let preferred: readonly number[] = []
  let isClosed = false
  const opening = readHostIdentity().then((identity) => {
    if (isClosed) return undefined
    const loop = openSamplingLoop({ clock, identity, version: release() }, listener)
    loop.prefer(preferred)
    return loop
  })
  return {
    prefer(pids) {
      preferred = pids
      void opening.then((loop) => loop?.prefer(pids))
    },
    async close() {
      isClosed = true
      const loop = await opening
      loop?.close()
    },
  }
}
