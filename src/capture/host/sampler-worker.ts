// The thread that the sampling loop has to itself, so that a busy session does not make its ticks late.

import { release } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { openOwnClock } from '../own-clock.ts'
import type { ProbeOutput } from '../output.ts'
import type { SamplerOptions, SamplerRequest } from './host-sampler.ts'
import { readHostIdentity } from './host-identity.ts'
import { openSamplingLoop } from './sampling-loop.ts'

const port = parentPort
if (port === null) throw new Error('the sampler worker runs as a worker thread only')

const { origin } = workerData as SamplerOptions
const identity = await readHostIdentity()
const loop = openSamplingLoop({ clock: openOwnClock(origin), identity, version: release() }, (output: ProbeOutput) => {
  if (output.kind === 'bytes') port.postMessage(output, [output.bytes.buffer as ArrayBuffer])
  else port.postMessage(output)
})

port.on('message', (request: SamplerRequest) => {
  if (request.kind === 'prefer') loop.prefer(request.pids)
  else {
    loop.close()
    port.close()
  }
})
