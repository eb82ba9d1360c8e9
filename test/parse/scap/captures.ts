// The recorded captures of test/captures/scap, unpacked.
//
//   ...-guest          sysdig 0.29.3 (libs 0.1.1) with its kernel module inside a guest: whole machine, enters and exits
//   ...-host           sysdig 0.36 (libs 0.15.1, modern BPF) on the host: some programs only, enters and exits
//   ...-host-exitonly  sysdig 0.41.4 (libs 0.23.2, modern BPF): the same, exits only

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

export const guestCaptures = ['qemu-sigstop-guest', 'main-loop-stopped-guest', 'disk-decoy-healthy-guest'] as const
export const hostCaptures = ['netns-reload-host', 'qemu-sigstop-host-exitonly'] as const
export type CaptureName = (typeof guestCaptures)[number] | (typeof hostCaptures)[number]

export const captureFile = (name: CaptureName): string =>
  join(import.meta.dirname, '../../captures/scap', `${name}.scap.gz`)

const unpacked = new Map<CaptureName, Uint8Array>()

export function readCapture(name: CaptureName): Uint8Array {
  const bytes = unpacked.get(name) ?? gunzipSync(readFileSync(captureFile(name)))
  unpacked.set(name, bytes)
  return bytes
}
