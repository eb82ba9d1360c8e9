// The worker in which the engine runs. Started by engine-host.ts with the engine's options as its data.

import { parentPort, workerData } from 'node:worker_threads'
import type { EngineOptions } from './engine.ts'
import { runEngineLoop, type EngineMessage } from './engine-loop.ts'

const port = parentPort
if (port === null) throw new Error('engine-worker.ts runs in a worker thread only')
const loop = runEngineLoop(workerData as EngineOptions, (snapshot, isLast) => {
  port.postMessage({ snapshot, isLast })
  if (isLast) port.close()
})
port.on('message', (message: EngineMessage) => loop.on(message))
