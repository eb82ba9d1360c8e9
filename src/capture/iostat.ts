// iostat: how busy was each disk in each second? Its own clock is the wall clock, in whole seconds.
//
// Quirks (sysstat 12.6.1): the first sample is the average since boot, kept for its device list and left out by the
// parser; a sample comes in about 70 writes and its closing brace only with the next one; a stopped iostat skips
// seconds instead of catching up. It has nothing to do but talk once a second, so 5 s of silence is a hang.

import { patient, refusalOf, type KnownRefusal, type StderrMeaning, type ToolSpec } from './tool-spec.ts'

const refusals: readonly KnownRefusal[] = [
  {
    pattern: /^Usage: iostat|^Options are:/,
    reason: 'this iostat is too old to write JSON (sysstat 11.5.3 or later does)',
    remedy: 'apt-get install sysstat (12 or later), or --no-iostat',
  },
  {
    pattern: /Cannot find disk data/,
    reason: 'the kernel shows no disks here (/proc/diskstats)',
    remedy: 'run whylate on the host, not in a container, or pass --no-iostat',
  },
]

export function readIostatStderr(line: string): StderrMeaning {
  if (/^\s*(\[ |$)/.test(line)) return { kind: 'ignored' }
  return refusalOf(line, refusals) ?? { kind: 'said' }
}

export function iostatSpec(path: string, version: string): ToolSpec {
  return {
    probe: 'iostat',
    part: '',
    tool: 'iostat',
    version,
    detail: 'every disk, each second',
    argv: [path, '-dxt', '-o', 'JSON', '1'],
    env: { S_TIME_FORMAT: 'ISO', TZ: 'UTC', LC_ALL: 'C' },
    killAfterMs: 1000,
    restart: patient,
    silence: { firstMs: 10_000, afterMs: 5000, restarts: true },
    poke: undefined,
    waitsFor: undefined,
    readStderr: readIostatStderr,
  }
}
