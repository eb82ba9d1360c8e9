// What each tool says on stderr, verbatim, and what a person is told of it.

import { expect, test } from 'vitest'
import { readBpftraceStderr, tracefsCommand } from '../../src/capture/bpftrace.ts'
import { readIostatStderr } from '../../src/capture/iostat.ts'
import { driversOf, readSysdigStderr, sysdigFilter } from '../../src/capture/sysdig.ts'
import { captureFilter, readTcpdumpStderr } from '../../src/capture/tcpdump.ts'
import type { StderrMeaning } from '../../src/capture/tool-spec.ts'
import { formatEnding } from '../../src/capture/tool-spec.ts'

/** Compact: `refused: its driver is not loaded -> modprobe scap` */
function told(meaning: StderrMeaning): string {
  switch (meaning.kind) {
    case 'ignored':
    case 'said':
      return meaning.kind
    case 'drops':
      return `drops ${meaning.total}`
    case 'lost':
      return `lost ${meaning.count}`
    case 'cause':
      return `cause: ${meaning.reason}`
    case 'refused':
      return `refused: ${meaning.reason} -> ${meaning.remedy}`
    case 'introduced':
      return `introduced: ${meaning.version}, ${meaning.detail}, ${meaning.pids.join(' ')}`
    case 'cost':
      return `cost: ${meaning.cpuMs} ms of ${meaning.upMs}, ${meaning.rssBytes} bytes`
    default:
      return meaning satisfies never
  }
}

const tellAll = (lines: readonly string[], read: (line: string) => StderrMeaning): string =>
  lines.map((line) => `${line}\n    ${told(read(line))}`).join('\n')

test('tcpdump 4.99.3', () => {
  const lines = [
    'tcpdump: data link type LINUX_SLL2',
    'tcpdump: listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 256 bytes',
    'tcpdump: 10 packets captured, 10 packets received by filter, 3 packets dropped by kernel',
    '89 packets captured',
    '1 packet received by filter',
    '1 packet dropped by kernel',
    'tcpdump: pcap_loop: The interface disappeared',
    'tcpdump: va: No such device exists',
    '(No such device exists)',
    'tcpdump: va: That device is not up',
    "tcpdump: any: You don't have permission to perform this capture on that device",
    "tcpdump: can't parse filter expression: syntax error",
    'tcpdump: no VLAN support for Linux cooked v2',
    "tcpdump: Couldn't find user 'tcpdump'",
    'tcpdump: WARNING: something new',
  ]
  expect(tellAll(lines, readTcpdumpStderr)).toMatchInlineSnapshot(`
    "tcpdump: data link type LINUX_SLL2
        ignored
    tcpdump: listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 256 bytes
        ignored
    tcpdump: 10 packets captured, 10 packets received by filter, 3 packets dropped by kernel
        drops 3
    89 packets captured
        ignored
    1 packet received by filter
        ignored
    1 packet dropped by kernel
        drops 1
    tcpdump: pcap_loop: The interface disappeared
        cause: the interface was removed
    tcpdump: va: No such device exists
        cause: there is no interface of that name (va: No such device exists)
    (No such device exists)
        ignored
    tcpdump: va: That device is not up
        cause: the interface is down
    tcpdump: any: You don't have permission to perform this capture on that device
        refused: no permission to capture packets -> sudo whylate …, or once: setcap cap_net_raw,cap_net_admin+eip "$(readlink -f "$(command -v tcpdump)")"
    tcpdump: can't parse filter expression: syntax error
        refused: it does not understand the filter -> correct --filter; tcpdump -y EN10MB -d FILTER tests one (vlan needs one named interface: -i)
    tcpdump: no VLAN support for Linux cooked v2
        refused: it does not understand the filter -> correct --filter; tcpdump -y EN10MB -d FILTER tests one (vlan needs one named interface: -i)
    tcpdump: Couldn't find user 'tcpdump'
        refused: the user that it drops its privileges to does not exist -> adduser --system --no-create-home tcpdump
    tcpdump: WARNING: something new
        said"
  `)
})

test('sysdig 0.29, 0.36 and 0.41', () => {
  const lines = [
    'Unable to load the driver',
    'error opening device /dev/scap0. Make sure you have root credentials and that the scap module is loaded.',
    "sysdig: unrecognized option '--modern-bpf'",
    'MODERN_BPF engine is not supported in this build',
    'libpman: ring buffer map type is not supported (errno: 1 | message: Operation not permitted)',
    'libpman: ring buffer map type is not supported (errno: 22 | message: Invalid argument)',
    'Initialization issues during scap_init',
    'unable to bump RLIMIT_MEMLOCK',
    'unable to configure the libpman state.',
    'unknown event type clone9',
    'Driver Events:36579311',
    'Driver Drops:31527065',
    'Suppressed by Comm:0',
    'Elapsed time: 9.135, Captured Events: 4506076, 493292.44 eps',
  ]
  expect(tellAll(lines, readSysdigStderr)).toMatchInlineSnapshot(`
    "Unable to load the driver
        refused: its kernel driver is not loaded -> apt-get install falcosecurity-scap-dkms "linux-headers-$(uname -r)" && modprobe scap, or --engine bpftrace
    error opening device /dev/scap0. Make sure you have root credentials and that the scap module is loaded.
        refused: its kernel driver is not loaded -> apt-get install falcosecurity-scap-dkms "linux-headers-$(uname -r)" && modprobe scap, or --engine bpftrace
    sysdig: unrecognized option '--modern-bpf'
        refused: this sysdig is older than the modern BPF driver -> apt-get install falcosecurity-scap-dkms "linux-headers-$(uname -r)" && modprobe scap, or --engine bpftrace
    MODERN_BPF engine is not supported in this build
        refused: this build of sysdig has no modern BPF driver -> apt-get install falcosecurity-scap-dkms "linux-headers-$(uname -r)" && modprobe scap, or --engine bpftrace (sysdig of its publisher has the driver inside)
    libpman: ring buffer map type is not supported (errno: 1 | message: Operation not permitted)
        refused: no permission to trace the kernel -> sudo whylate …
    libpman: ring buffer map type is not supported (errno: 22 | message: Invalid argument)
        refused: the kernel is too old for the modern BPF driver (5.8 has ring buffers) -> apt-get install falcosecurity-scap-dkms "linux-headers-$(uname -r)" && modprobe scap, or --engine bpftrace
    Initialization issues during scap_init
        refused: its driver did not start -> sudo sysdig --modern-bpf -n 1 shows why; or --engine bpftrace
    unable to bump RLIMIT_MEMLOCK
        refused: it may not lock memory for its buffers (CAP_SYS_RESOURCE is missing) -> systemd-run --pty -p LimitMEMLOCK=infinity whylate …, or --engine bpftrace
    unable to configure the libpman state.
        refused: it may not lock memory for its buffers (CAP_SYS_RESOURCE is missing) -> systemd-run --pty -p LimitMEMLOCK=infinity whylate …, or --engine bpftrace
    unknown event type clone9
        refused: this version does not understand our filter -> sysdig 0.29, 0.36 and 0.41 are known to; or --engine bpftrace
    Driver Events:36579311
        ignored
    Driver Drops:31527065
        drops 31527065
    Suppressed by Comm:0
        ignored
    Elapsed time: 9.135, Captured Events: 4506076, 493292.44 eps
        ignored"
  `)
})

test('bpftrace 0.17.0', () => {
  const lines = [
    `ERROR: Unknown error -1: couldn't set RLIMIT_MEMLOCK for bpftrace. If your program is not loading, you can try "ulimit -l 8192" to fix the problem`,
    'ERROR: bpftrace currently only supports running as the root user.',
    'stdin:1:1-30: ERROR: tracepoint not found: sched:sched_switch',
    'Lost 1123 events',
    'Attaching 26 probes...',
    "ERROR: failed to open file '/opt/whylate/probes/kernel.bt': No such file or directory",
    'unshare: unshare failed: Operation not permitted',
    'mount: /sys/kernel/tracing: permission denied.',
    'kernel.bt:12:3-9: ERROR: syntax error, unexpected end of file, expecting }',
    'WARNING: Addrspace is not set',
  ]
  expect(tellAll(lines, readBpftraceStderr)).toMatchInlineSnapshot(`
    "ERROR: Unknown error -1: couldn't set RLIMIT_MEMLOCK for bpftrace. If your program is not loading, you can try "ulimit -l 8192" to fix the problem
        ignored
    ERROR: bpftrace currently only supports running as the root user.
        refused: it runs as root only -> sudo whylate …
    stdin:1:1-30: ERROR: tracepoint not found: sched:sched_switch
        refused: the kernel shows no tracepoints (tracefs is missing, or the kernel was built without them) -> sudo mount -t tracefs tracefs /sys/kernel/tracing; a container has to see the tracefs of its host
    Lost 1123 events
        lost 1123
    Attaching 26 probes...
        ignored
    ERROR: failed to open file '/opt/whylate/probes/kernel.bt': No such file or directory
        refused: its script probes/kernel.bt is missing from this installation -> install whylate again
    unshare: unshare failed: Operation not permitted
        refused: tracefs is not mounted here, and mounting it privately was refused -> sudo mount -t tracefs tracefs /sys/kernel/tracing, or run whylate with CAP_SYS_ADMIN on the host
    mount: /sys/kernel/tracing: permission denied.
        refused: tracefs is not mounted here, and mounting it privately was refused -> sudo mount -t tracefs tracefs /sys/kernel/tracing, or run whylate with CAP_SYS_ADMIN on the host
    kernel.bt:12:3-9: ERROR: syntax error, unexpected end of file, expecting }
        refused: this version does not understand our script -> apt-get install bpftrace (0.17 or later), or --engine sysdig
    WARNING: Addrspace is not set
        said"
  `)
})

test('iostat 12.6.1', () => {
  const lines = [
    'Usage: iostat [ options ] [ <interval> [ <count> ] ]',
    'Options are:',
    '[ -c ] [ -d ] [ -h ] [ -k | -m ] [ -N ] [ -s ] [ -t ] [ -V ] [ -x ] [ -y ] [ -z ]',
    'Cannot find disk data',
  ]
  expect(tellAll(lines, readIostatStderr)).toMatchInlineSnapshot(`
    "Usage: iostat [ options ] [ <interval> [ <count> ] ]
        refused: this iostat is too old to write JSON (sysstat 11.5.3 or later does) -> apt-get install sysstat (12 or later), or --no-iostat
    Options are:
        refused: this iostat is too old to write JSON (sysstat 11.5.3 or later does) -> apt-get install sysstat (12 or later), or --no-iostat
    [ -c ] [ -d ] [ -h ] [ -k | -m ] [ -N ] [ -s ] [ -t ] [ -V ] [ -x ] [ -y ] [ -z ]
        ignored
    Cannot find disk data
        refused: the kernel shows no disks here (/proc/diskstats) -> run whylate on the host, not in a container, or pass --no-iostat"
  `)
})

test('each way to end has a sentence', () => {
  const endings = [
    { kind: 'exited', code: 0 },
    { kind: 'exited', code: 3 },
    { kind: 'exited', code: 127 },
    { kind: 'killed', signal: 'SIGKILL' },
    { kind: 'killed', signal: 'SIGSEGV' },
    { kind: 'killed', signal: 'SIGPIPE' },
    { kind: 'stuck' },
    { kind: 'unstartable', message: 'spawn /bin/sh EAGAIN' },
  ] as const
  expect(endings.map((ending) => `tcpdump ${formatEnding(ending)}`).join('\n')).toMatchInlineSnapshot(`
    "tcpdump ended by itself, without an error (somebody may have interrupted it)
    tcpdump ended with code 3
    tcpdump could not be executed (127)
    tcpdump was killed (SIGKILL): by hand, or by the kernel for want of memory
    tcpdump crashed (SIGSEGV)
    tcpdump was ended by SIGPIPE
    tcpdump does not die, not even of SIGKILL (state D: it waits for a device)
    tcpdump could not be started: spawn /bin/sh EAGAIN"
  `)
})

test('sysdig is asked for modern BPF only where it knows the word', () => {
  expect(driversOf('0.29.3')).toEqual(['module'])
  expect(driversOf('0.36.0-dev')).toEqual(['module', 'modern-bpf'])
  expect(driversOf('0.41.4')).toEqual(['module', 'modern-bpf'])
  expect(driversOf('')).toEqual(['module'])
})

test('the filters, as the tools get them', () => {
  expect(
    [captureFilter('any'), captureFilter('eth0'), captureFilter('eth0', 'udp port 694'), sysdigFilter(4711, 4715)].join(
      '\n\n',
    ),
  ).toMatchInlineSnapshot(`
    "ip proto 112 or ip proto 51 or ip6 proto 112 or ip6 proto 51 or arp or icmp or icmp6

    ip proto 112 or ip proto 51 or ip6 proto 112 or ip6 proto 51 or arp or icmp or icmp6 or (vlan and (ip proto 112 or ip proto 51 or ip6 proto 112 or ip6 proto 51 or arp or icmp or icmp6 or (vlan and (ip proto 112 or ip proto 51 or ip6 proto 112 or ip6 proto 51 or arp or icmp or icmp6))))

    udp port 694

    thread.tid=4715 or evt.type in (switch,clone,fork,vfork,execve,procexit) or not (proc.pid=4711 or proc.ppid=4711)"
  `)
})

test('bpftrace gets a mount namespace of its own only where tracefs is not mounted', () => {
  expect(tracefsCommand(false)).toEqual([])
  expect(tracefsCommand(true).slice(0, 4)).toEqual(['unshare', '--mount', '--propagation', 'private'])
})
