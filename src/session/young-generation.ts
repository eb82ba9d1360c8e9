// The main thread's room for what dies young. V8 doubles it whenever much survives at once, up to 48 MiB, and never gives it back: on a
// host that is watched for a night that looks like a leak, and is one to whoever is short of memory. Workers are bounded by resourceLimits.

import { setFlagsFromString } from 'node:v8'

/** By then all modules are loaded and compiled and each probe has spoken; held from the first moment, the start would take more CPU. */
const warmUpMs = 60_000

/** Once warmed up, leaves the young generation at the size it has; what is returned calls that off. */
export function holdYoungGeneration(): () => void {
  const timer = setTimeout(() => setFlagsFromString('--semi-space-growth-factor=1'), warmUpMs).unref()
  return () => clearTimeout(timer)
}
