// Follows a scap stream only for what it introduces: threads, and their descriptors. Nothing is told.

import { noName, type KernelSink } from '../../events/kernel.ts'
import type { Epoch } from '../../time/instant.ts'
import { createScapParser } from './scap-parser.ts'

export interface ScapState {
  /** Whole blocks. */
  push(bytes: Uint8Array): void
  /** As the introduction of a section that begins here; undefined before the stream has had its own. */
  introduction(): Uint8Array | undefined
}

const nothing = (): void => undefined
const deaf: KernelSink = {
  name: () => noName,
  call: nothing,
  switched: nothing,
  woken: nothing,
  process: nothing,
  signal: nothing,
  blockRequest: nothing,
  lost: nothing,
  malformed: nothing,
  ignored: nothing,
}

export function createScapState(origin: Epoch): ScapState {
  const parser = createScapParser({ origin, sink: deaf })
  return {
    push: (bytes) => parser.push(bytes),
    introduction: () => parser.introduction(),
  }
}
