// sysdig: every system call and switch of the host, as the scap stream itself (`-w -`). Its clock is the wall clock,
// fixed at its start.
//
// Quirks (0.29.3, 0.36-dev, 0.41.4):
// * stdout leaves in pieces of 8192 bytes and is never flushed by a timer: heartbeat.ts pushes it.
// * It hides itself, not who reads it: without a filter our reading makes events that we read. The filter drops what
//   our processes do, but never their `switch` (it says who gets the CPU next, and that may be the sender), nor process
//   life (a filtered execve leaves a wrong name for good).
// * Drops are told only with -v, only on stderr, only at the end. While it runs, missing beats tell.
// * 0.29 has no --modern-bpf. 0.36 and 0.41 have it, but Debian's own build of 0.41 was made without.
// * 0.41 takes 7 s of CPU before its first byte, 0.36 0.8 s.

import { access } from 'node:fs/promises'
import { patient, refusalOf, type KnownRefusal, type StderrMeaning, type ToolSpec } from './tool-spec.ts'

/**
 * Bytes of each buffer that are kept. An advert is at most 20 (IPv4) + 24 (AH) + 8 + 20 addresses * 4 + 8 = 140 bytes;
 * the default of 80 would do for its header only. More would keep more of what is nobody's business.
 */
export const snapBytes = 160

export const sysdigDrivers = ['module', 'modern-bpf'] as const
export type SysdigDriver = (typeof sysdigDrivers)[number]

/** In the order in which they are tried. `0.29.3` -> the kernel module only. */
export function driversOf(version: string): readonly SysdigDriver[] {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  return major > 0 || minor >= 30 ? sysdigDrivers : ['module']
}

/** Only types that 0.29 knows: an unknown one ends sysdig with code 1. */
const alwaysKept = ['switch', 'clone', 'fork', 'vfork', 'execve', 'procexit']

export function sysdigFilter(ownPid: number, heartbeatTid: number | undefined): string {
  const beat = heartbeatTid === undefined ? '' : `thread.tid=${heartbeatTid} or `
  return `${beat}evt.type in (${alwaysKept.join(',')}) or not (proc.pid=${ownPid} or proc.ppid=${ownPid})`
}

/** All versions know `startswith`; thread names do not matter: proc.name is the one of the process. */
const senders = '(proc.name startswith keepalived or proc.name startswith qemu)'

/** What remains when it is too much: the calls of others go first, then who had the CPU. */
function narrowerFilters(
  heartbeatTid: number | undefined,
): readonly { readonly filter: string; readonly leavesOut: string }[] {
  const beat = heartbeatTid === undefined ? '' : `thread.tid=${heartbeatTid} or `
  const life = alwaysKept.filter((type) => type !== 'switch').join(',')
  return [
    {
      filter: `${beat}evt.type in (${alwaysKept.join(',')}) or ${senders}`,
      leavesOut: 'asked for less (step 1 of 2): calls of processes other than keepalived and qemu are not told',
    },
    {
      filter: `${beat}evt.type in (${life}) or ${senders}`,
      leavesOut:
        'asked for less (step 2 of 2): of processes other than keepalived and qemu only births and ends are told',
    },
  ]
}

const installModule =
  'apt-get install falcosecurity-scap-dkms "linux-headers-$(uname -r)" && modprobe scap, or --engine bpftrace'

const refusals: readonly KnownRefusal[] = [
  {
    pattern: /MODERN_BPF engine is not supported in this build/,
    reason: 'this build of sysdig has no modern BPF driver',
    remedy: `${installModule} (sysdig of its publisher has the driver inside)`,
  },
  {
    pattern: /unrecognized option '?--modern-bpf/,
    reason: 'this sysdig is older than the modern BPF driver',
    remedy: installModule,
  },
  {
    pattern: /ring buffer map type is not supported \(errno: 1\b|Operation not permitted|Permission denied/,
    reason: 'no permission to trace the kernel',
    remedy: 'sudo whylate …',
  },
  {
    pattern: /ring buffer map type is not supported/,
    reason: 'the kernel is too old for the modern BPF driver (5.8 has ring buffers)',
    remedy: installModule,
  },
  {
    pattern: /unable to bump RLIMIT_MEMLOCK|unable to configure the libpman state/,
    reason: 'it may not lock memory for its buffers (CAP_SYS_RESOURCE is missing)',
    remedy: 'systemd-run --pty -p LimitMEMLOCK=infinity whylate …, or --engine bpftrace',
  },
  {
    pattern: /API version|[Ss]chema version|incompatible with/,
    reason: 'the loaded kernel module is of another version than sysdig',
    remedy: 'modprobe -r scap; dkms autoinstall && modprobe scap',
  },
  {
    pattern: /Unable to load the driver|error opening device|can't open (?:the )?(?:device|BPF probe)/,
    reason: 'its kernel driver is not loaded',
    remedy: installModule,
  },
  {
    pattern: /Initialization issues during scap_init/,
    reason: 'its driver did not start',
    remedy: 'sudo sysdig --modern-bpf -n 1 shows why; or --engine bpftrace',
  },
  {
    pattern: /unknown event type|invalid formatting token|filter error|syntax error|field .* nonexist/i,
    reason: 'this version does not understand our filter',
    remedy: 'sysdig 0.29, 0.36 and 0.41 are known to; or --engine bpftrace',
  },
]

export function readSysdigStderr(line: string): StderrMeaning {
  // At the end only: `Driver Drops:31527065`
  const drops = /^Driver Drops:(?<n>\d+)$/.exec(line)?.groups?.['n']
  if (drops !== undefined) return { kind: 'drops', total: Number(drops) }
  if (/^(?:Driver Events|Suppressed by Comm|Elapsed time):/.test(line) || line.trim() === '') return { kind: 'ignored' }
  return refusalOf(line, refusals) ?? { kind: 'said' }
}

/** Without it the modern driver works, and every process that was already running has no name. */
export async function canNameProcesses(): Promise<boolean> {
  try {
    await access('/proc/1/root/.')
    return true
  } catch {
    return false
  }
}

export interface SysdigOptions {
  readonly path: string
  readonly version: string
  readonly driver: SysdigDriver
  readonly ownPid: number
  readonly heartbeatTid: number | undefined
}

export function sysdigSpec(options: SysdigOptions): ToolSpec {
  const driver = options.driver === 'module' ? [] : ['--modern-bpf']
  const argvOf = (filter: string): ToolSpec['argv'] => [
    options.path,
    ...driver,
    '-v',
    '-s',
    `${snapBytes}`,
    '-w',
    '-',
    filter,
  ]
  return {
    probe: 'sysdig',
    part: '',
    tool: 'sysdig',
    version: options.version,
    detail: options.driver === 'module' ? 'kernel module' : 'modern BPF',
    argv: argvOf(sysdigFilter(options.ownPid, options.heartbeatTid)),
    env: { LC_ALL: 'C', TZ: 'UTC' },
    killAfterMs: 2000,
    restart: patient,
    // With the heartbeat it speaks ten times a second, without it whenever 8 KiB are full.
    silence: { firstMs: 40_000, afterMs: options.heartbeatTid === undefined ? 20_000 : 5000, restarts: true },
    poke: undefined,
    waitsFor: undefined,
    readStderr: readSysdigStderr,
    narrowings: narrowerFilters(options.heartbeatTid).map(({ filter, leavesOut }) => ({
      argv: argvOf(filter),
      leavesOut,
    })),
  }
}
