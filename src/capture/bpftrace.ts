// bpftrace: the kernel's own account where no sysdig driver loads. Runs probes/kernel.bt; its clock is monotonic.
//
// Quirks (bpftrace 0.17.0):
// * It wants tracefs and debugfs, and many hosts mount neither. Nothing of the host is changed: it then runs in a mount
//   namespace of its own, in which they are mounted, and which is gone with it. The same helps under `ip netns exec`,
//   whose fresh /sys hides what the host has mounted.
// * Without CAP_SYS_RESOURCE it prints `ERROR: … couldn't set RLIMIT_MEMLOCK …` and then works: not a failure.
// * `Lost N events` is the only word about an overflow of its buffer; it counts since the last such line.
// * 0.17 insists on uid 0; capabilities alone do not do.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { patient, refusalOf, type KnownRefusal, type StderrMeaning, type ToolSpec } from './tool-spec.ts'

/** src/capture and dist/capture are equally far from it. */
const script = join(import.meta.dirname, '../../probes/kernel.bt')

const refusals: readonly KnownRefusal[] = [
  {
    pattern: /currently only supports running as the root user/,
    reason: 'it runs as root only',
    remedy: 'sudo whylate …',
  },
  {
    pattern: /unshare failed|^mount: |^sh: .*mount/,
    reason: 'tracefs is not mounted here, and mounting it privately was refused',
    remedy: 'sudo mount -t tracefs tracefs /sys/kernel/tracing, or run whylate with CAP_SYS_ADMIN on the host',
  },
  {
    pattern: /tracepoint not found/,
    reason: 'the kernel shows no tracepoints (tracefs is missing, or the kernel was built without them)',
    remedy: 'sudo mount -t tracefs tracefs /sys/kernel/tracing; a container has to see the tracefs of its host',
  },
  {
    pattern: /[Ll]ockdown/,
    reason: 'the kernel is locked down and refuses BPF programs that read it',
    remedy: 'boot without lockdown=confidentiality, or pass --engine none',
  },
  {
    pattern: /failed to open file|No such file or directory: .*kernel\.bt/,
    reason: 'its script probes/kernel.bt is missing from this installation',
    remedy: 'install whylate again',
  },
  {
    pattern: /Operation not permitted|Permission denied/,
    reason: 'the kernel refuses to load BPF programs for us',
    remedy: 'sudo whylate … (CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN)',
  },
  {
    pattern: /failed to create map|ENOMEM|Cannot allocate memory/,
    reason: 'the kernel gave no memory for its maps',
    remedy: 'ulimit -l unlimited, then again',
  },
  {
    pattern: /Unknown struct|BTF|vmlinux/,
    reason: 'the kernel does not describe its own structures (no /sys/kernel/btf/vmlinux)',
    remedy: 'a kernel with CONFIG_DEBUG_INFO_BTF (Debian 11 and later), or --engine sysdig',
  },
  {
    pattern: /syntax error|unknown (?:function|builtin|identifier)/i,
    reason: 'this version does not understand our script',
    remedy: 'apt-get install bpftrace (0.17 or later), or --engine sysdig',
  },
]

export function readBpftraceStderr(line: string): StderrMeaning {
  const lost = /^Lost (?<n>\d+) events/.exec(line)?.groups?.['n']
  if (lost !== undefined) return { kind: 'lost', count: Number(lost) }
  if (/RLIMIT_MEMLOCK|^Attaching \d+ probes/.test(line) || line.trim() === '') return { kind: 'ignored' }
  if (line.startsWith('WARNING')) return { kind: 'said' }
  return refusalOf(line, refusals) ?? { kind: 'said' }
}

/** Where bpftrace looks for `events/`; mounted here? */
export function hasTracefs(): boolean {
  return existsSync('/sys/kernel/tracing/events') || existsSync('/sys/kernel/debug/tracing/events')
}

const privateMounts = [
  'mount -t tracefs tracefs /sys/kernel/tracing &&',
  // Optional: 0.17 asks here first.
  '{ mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null || :; } && exec "$@"',
].join(' ')

/** Only root may mount; to anybody else bpftrace itself says what is wrong. */
const needsMount = (): boolean => process.geteuid?.() === 0 && !hasTracefs()

/** In front of bpftrace's own argv. */
export function tracefsCommand(isNeeded = needsMount()): readonly string[] {
  return !isNeeded ? [] : ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', privateMounts, 'sh']
}

/** Watched in full: keepalived where it runs on this kernel; qemu where the sender is a guest. */
export interface WatchedProcess {
  readonly pid: number
  readonly kind: 'keepalived' | 'qemu'
}

/**
 * As a normal task bpftrace preempts the keepalived whose line has just woken it, and the two push each other off the
 * CPU; as a batch task it wakes nobody up and is never late by more than its 100 ms beat. chrt is part of util-linux.
 */
const asBatch = existsSync('/usr/bin/chrt') ? ['chrt', '--batch', '0'] : []

/** What kernel.bt needs (its header says why): names of 112 bytes, many threads, 1 MiB of buffer per CPU. */
const environment = {
  LC_ALL: 'C',
  BPFTRACE_STRLEN: '112',
  BPFTRACE_MAX_STRLEN: '112',
  BPFTRACE_MAP_KEYS_MAX: '16384',
  BPFTRACE_PERF_RB_PAGES: '256',
}

/** By the script's own steps: its pair `9 STEP`. */
const leftOut: readonly string[] = [
  'asked for less (step 1 of 2): births, ends and CPU time of processes other than keepalived and qemu are not told',
  'asked for less (step 2 of 2): of processes other than keepalived and qemu only signals, ptrace and slow disk requests are told',
]

/** The script takes sixteen pairs at most; further ones it finds by their name when they exec. */
const mostWatched = 16

export interface BpftraceOptions {
  readonly path: string
  readonly version: string
  readonly watched: readonly WatchedProcess[]
}

export function bpftraceSpec({ path, version, watched }: BpftraceOptions): ToolSpec {
  const argvOf = (before: readonly string[]): ToolSpec['argv'] => {
    const pairs = watched.map(({ pid, kind }) => [kind === 'keepalived' ? '1' : '2', `${pid}`])
    const all = [...before, ...pairs.flat()].slice(0, 2 * mostWatched)
    const command = [...tracefsCommand(), ...asBatch, path, '-q', '-B', 'full', script, ...all]
    return [command[0] ?? path, ...command.slice(1)]
  }
  return {
    probe: 'bpftrace',
    part: '',
    tool: 'bpftrace',
    version,
    detail: `probes/kernel.bt${needsMount() ? ', tracefs mounted privately' : ''}`,
    argv: argvOf([]),
    env: environment,
    killAfterMs: 3000,
    restart: patient,
    // Compiling and attaching takes 2 s on an idle host, 6 s and more on a busy one; then a heartbeat each 100 ms.
    silence: { firstMs: 40_000, afterMs: 5000, restarts: true },
    poke: undefined,
    waitsFor: undefined,
    readStderr: readBpftraceStderr,
    narrowings: leftOut.map((leavesOut, i) => ({ argv: argvOf(['9', `${i + 1}`]), leavesOut })),
  }
}
