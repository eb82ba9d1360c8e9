import { expect, test } from 'vitest'
import { epochOf } from '../../../src/time/instant.ts'
import { createScapParser, type ScapParser } from '../../../src/parse/scap/scap-parser.ts'
import { isGzip } from '../../../src/parse/scap/gzip-sign.ts'
import { openKernelLog, type KernelLog } from './kernel-log.ts'
import {
  block,
  event,
  files,
  hiddenEvent,
  joined,
  largeEvent,
  nothing,
  oldEvent,
  processes,
  section,
  tuple4,
  u16,
  u32,
  u64,
  u8,
  writtenOrigin,
  zero,
} from './written-capture.ts'

const threads = [
  { tid: 100, pid: 100, comm: 'keepalived', cwd: '/etc/keepalived/' },
  { tid: 101, pid: 100, comm: 'worker', flags: 0x2001 },
  { tid: 200, pid: 200, comm: 'sh', cwd: '/tmp' },
]
const start = joined(section(), processes(threads), files(100, { 3: '/var/log/messages' }))

interface Read extends KernelLog {
  readonly parser: ScapParser
}

function read(...parts: readonly Uint8Array[]): Read {
  const log = openKernelLog()
  const parser = createScapParser({ origin: epochOf(writtenOrigin), sink: log.sink })
  parser.push(joined(...parts))
  parser.end()
  return { ...log, parser }
}

/** Only what was told, without times: `100/100 keepalived: close = 0 fd 3 "/var/log/messages"`. */
const calls = ({ lines }: KernelLog): string[] =>
  lines.flatMap((line) => /cpu \d+ (?<call>\d.*) after/.exec(line)?.groups?.['call'] ?? [])

const write = (at: number, tid: number, fd: number): Uint8Array =>
  joined(
    event({ at, tid, type: 8, params: [u64(fd), u32(5)] }),
    event({ at: at + 700, tid, type: 9, params: [u64(5), zero('data')] }),
  )
const openat = (at: number, tid: number, dirfd: number, name: string, result: number): Uint8Array =>
  joined(
    event({ at, tid, type: 306, params: [u64(dirfd), zero(name), u32(1), u32(0)] }),
    event({
      at: at + 10,
      tid,
      type: 307,
      params: [u64(result), u64(dirfd), zero(name), u32(1), u32(0), u32(5)],
    }),
  )

/** Parameters of a clone exit. */
const clone = (result: number, tid: number, pid: number, parent: number, comm: string, flags = 0): Uint8Array[] => {
  const ids = [zero('exe'), nothing, u64(tid), u64(pid), u64(parent), zero('')]
  const use = [u64(0), u64(0), u64(0), u32(0), u32(0), u32(0)]
  return [u64(result), ...ids, ...use, zero(comm), nothing, u32(flags), u32(0), u32(0), u64(tid), u64(pid)]
}

test('an exit is told as a call, with the time since its enter, to the nanosecond', () => {
  expect(read(start, write(1_000_000_001, 100, 3)).lines).toEqual([
    '1000000701 cpu 0 100/100 keepalived: write = 5 fd 3 "/var/log/messages" after 700',
  ])
})

test('an exit whose enter was not seen has no latency and no descriptor', () => {
  const alone = event({ at: 5, tid: 100, type: 9, params: [u64(5), zero('data')] })
  const { lines } = read(start, write(1, 200, 1), alone)
  expect(lines[1]).toBe('5 cpu 0 100/100 keepalived: write = 5 fd -1 "" after NaN')
})

test('threads share the files and the directory of their process, names are their own', () => {
  const opened = openat(10, 101, -100, 'keepalived.conf', 7)
  expect(calls(read(start, opened, write(30, 100, 7)))).toEqual([
    '101/100 worker: openat = 7 fd 7 "/etc/keepalived/keepalived.conf"',
    '100/100 keepalived: write = 5 fd 7 "/etc/keepalived/keepalived.conf"',
  ])
})

test('a relative path is seen from the directory descriptor, a failed open keeps its path', () => {
  const { lines } = read(
    start,
    openat(0, 200, -100, '/etc/./x//../ssl/', 5),
    openat(20, 200, 5, 'certs', 6),
    openat(40, 200, -100, 'none', -2),
    openat(60, 200, 77, 'lost', 8),
  )
  expect(calls({ ...openKernelLog(), lines })).toEqual([
    '200/200 sh: openat = 5 fd 5 "/etc/ssl"',
    '200/200 sh: openat = 6 fd 6 "/etc/ssl/certs"',
    '200/200 sh: openat = -2 fd -1 "/tmp/none"',
    '200/200 sh: openat = 8 fd 8 "<UNKNOWN>/lost"',
  ])
})

test('an exit that could not read its path takes it from the enter', () => {
  const enter = event({ at: 0, tid: 200, type: 306, params: [u64(-100), zero('/etc/hosts'), u32(1), u32(0)] })
  const params = [u64(4), u64(-100), zero('<NA>'), u32(1), u32(0), u32(5)]
  expect(calls(read(start, enter, event({ at: 9, tid: 200, type: 307, params })))).toEqual([
    '200/200 sh: openat = 4 fd 4 "/etc/hosts"',
  ])
})

test('close still shows the file, what comes after it does not; dup keeps it under another number', () => {
  const dup = joined(
    event({ at: 10, tid: 100, type: 124, params: [u64(3)] }),
    event({ at: 11, tid: 100, type: 125, params: [u64(9)] }),
  )
  const close = joined(
    event({ at: 20, tid: 100, type: 4, params: [u64(3)] }),
    event({ at: 21, tid: 100, type: 5, params: [u64(0)] }),
  )
  expect(calls(read(start, dup, close, write(30, 100, 3), write(40, 100, 9)))).toEqual([
    '100/100 keepalived: dup = 9 fd 9 "/var/log/messages"',
    '100/100 keepalived: close = 0 fd 3 "/var/log/messages"',
    '100/100 keepalived: write = 5 fd 3 ""',
    '100/100 keepalived: write = 5 fd 9 "/var/log/messages"',
  ])
})

test('numbers that mean no descriptor are none, with and without their sign', () => {
  const mmap = (at: number, fd: number | bigint): Uint8Array =>
    joined(
      event({ at, tid: 100, type: 160, params: [u64(0), u64(4096), u32(0), u32(0), u64(fd), u64(0)] }),
      event({ at: at + 1, tid: 100, type: 161, params: [u64(0x7f0123456000), u32(0), u32(0), u32(0)] }),
    )
  expect(calls(read(start, mmap(1, -1), mmap(3, 4294967295), mmap(5, -100), mmap(7, 3)))).toEqual([
    '100/100 keepalived: mmap = 139642863443968 fd -1 ""',
    '100/100 keepalived: mmap = 139642863443968 fd -1 ""',
    '100/100 keepalived: mmap = 139642863443968 fd -1 ""',
    '100/100 keepalived: mmap = 139642863443968 fd 3 "/var/log/messages"',
  ])
})

test('a datagram names its socket anew each time, a TCP connection keeps its name', () => {
  const socket = (at: number, fd: number, kind: number, protocol: number): Uint8Array =>
    joined(
      event({ at, tid: 100, type: 18, params: [u32(2), u32(kind), u32(protocol)] }),
      event({ at: at + 1, tid: 100, type: 19, params: [u64(fd)] }),
    )
  const sendto = (at: number, fd: number, last: number): Uint8Array =>
    joined(
      event({ at, tid: 100, type: 30, params: [u64(fd), u32(1), tuple4([10, 0, 0, 1], 53, [10, 0, 0, last], 99)] }),
      event({ at: at + 1, tid: 100, type: 31, params: [u64(1), zero('')] }),
    )
  const connected = joined(
    event({ at: 20, tid: 100, type: 22, params: [u64(8)] }),
    event({ at: 21, tid: 100, type: 23, params: [u64(0), tuple4([10, 0, 0, 1], 4000, [10, 0, 0, 2], 80)] }),
  )
  const { lines } = read(
    start,
    socket(0, 7, 2, 0),
    sendto(2, 7, 8),
    sendto(4, 7, 9),
    socket(10, 8, 1, 0),
    connected,
    sendto(30, 8, 9),
  )
  expect(calls({ ...openKernelLog(), lines }).filter((line) => !line.includes('socket'))).toEqual([
    '100/100 keepalived: sendto = 1 fd 7 "10.0.0.1:53->10.0.0.8:99"',
    '100/100 keepalived: sendto = 1 fd 7 "10.0.0.1:53->10.0.0.9:99"',
    '100/100 keepalived: connect = 0 fd 8 "10.0.0.1:4000->10.0.0.2:80"',
    '100/100 keepalived: sendto = 1 fd 8 "10.0.0.1:4000->10.0.0.2:80"',
  ])
})

test('both exits of a fork make one child, which has the files of its parent', () => {
  const parents = event({ at: 10, tid: 100, type: 223, params: clone(300, 100, 100, 1, 'keepalived') })
  const childs = event({ at: 12, tid: 300, type: 223, params: clone(0, 300, 300, 100, 'keepalived') })
  const expected = '300/300 of 100 keepalived "exe"'
  for (const [first, second] of [
    [parents, childs],
    [childs, parents],
  ] as const) {
    const { lines } = read(start, first, second, write(20, 300, 3))
    expect(lines.filter((line) => line.includes('fork')).map((line) => line.slice(8))).toEqual([expected])
    expect(lines.at(-1)).toContain('300/300 keepalived: write = 5 fd 3 "/var/log/messages"')
  }
})

test('a child of somebody whom the capture has not introduced is known all the same', () => {
  const { lines } = read(
    start,
    event({ at: 1, tid: 900, type: 223, params: clone(901, 900, 900, 1, 'cron') }),
    write(2, 901, 3),
  )
  expect(lines).toEqual([
    '1 fork 901/901 of 900 cron "exe"',
    '1 cpu 0 900/-1 : clone = 901 fd -1 "" after NaN',
    '702 cpu 0 901/901 cron: write = 5 fd 3 "" after 700',
  ])
})

test('a new thread, a new program, a new name and the end of a process are told', () => {
  const exec = event({
    at: 20,
    tid: 300,
    type: 293,
    params: [...clone(0, 300, 300, 100, 'curl').slice(0, 14), nothing, nothing, u32(0), u64(0), u32(0), u32(0)],
  })
  const { lines } = read(
    start,
    event({ at: 1, tid: 100, type: 223, params: clone(102, 100, 100, 1, 'pool', 0x2001) }),
    event({ at: 2, tid: 100, type: 223, params: clone(300, 100, 100, 1, 'keepalived') }),
    exec,
    event({ at: 30, tid: 300, type: 401, params: [u64(0), u32(15), zero('renamed-by-prctl'), u64(0)] }),
    event({ at: 40, tid: 300, type: 186, params: [u64(256), u64(1), u8(0), u8(0)] }),
    event({ at: 50, tid: 102, type: 186, params: [u64(9), u64(0), u8(9), u8(0)] }),
    event({ at: 60, tid: 300, type: 0, params: [u16(1), u16(1)] }),
    event({ at: 61, tid: 300, type: 1, params: [u16(1)] }),
  )
  expect(lines.filter((line) => !line.includes('cpu'))).toEqual([
    '1 thread 102/100 of 100 pool "exe"',
    '2 fork 300/300 of 100 keepalived "exe"',
    '20 exec 300/300 of 100 curl "exe"',
    '30 rename 300/300 of 100 renamed-by-prct "renamed-by-prct"',
    '40 exit 300/300 of 100 renamed-by-prct "exit 1"',
    '50 exit 102/100 of 100 pool "signal 9"',
  ])
  expect(lines.at(-1)).toBe('61 cpu 0 300/-1 : restart_syscall = NaN fd -1 "" after 1')
})

test('a tid that lives again has its new name', () => {
  const { lines } = read(
    start,
    event({ at: 1, tid: 100, type: 223, params: clone(200, 100, 100, 1, 'again') }),
    write(5, 200, 3),
  )
  expect(lines.at(-1)).toContain('200/200 again: write = 5 fd 3 "/var/log/messages"')
})

test('generic calls are named by code, or by native number where the driver did not know them', () => {
  const generic = (at: number, code: number, native: number): Uint8Array =>
    joined(
      event({ at, tid: 100, type: 0, params: [u16(code), u16(native)] }),
      event({ at: at + 1, tid: 100, type: 1, params: [u16(code)] }),
    )
  const exitOnly = event({ at: 30, tid: 100, type: 1, params: [u16(0), u16(334)] })
  expect(calls(read(start, generic(0, 16, 39), generic(10, 0, 332), generic(20, 0, 60000), exitOnly))).toEqual([
    '100/100 keepalived: getpid = NaN fd -1 ""',
    '100/100 keepalived: statx = NaN fd -1 ""',
    '100/100 keepalived: unknown = NaN fd -1 ""',
    '100/100 keepalived: rseq = NaN fd -1 ""',
  ])
})

test('a generic exit of another call than the one that began is no pair', () => {
  const { lines, parser } = read(
    start,
    event({ at: 0, tid: 100, type: 0, params: [u16(16), u16(39)] }),
    event({ at: 900, tid: 100, type: 1, params: [u16(1)] }),
  )
  expect(lines[0]).toContain('restart_syscall = NaN fd -1 "" after NaN')
  expect(parser.counts.loneExits).toBe(1)
})

test('signals are told when sent, at the enter of the kill, and when taken', () => {
  const { lines } = read(
    start,
    event({ at: 10, tid: 200, type: 128, params: [u64(100), u8(19)] }),
    event({ at: 15, tid: 100, type: 232, params: [u64(0), u64(100), u8(19)] }),
    event({ at: 20, tid: 200, type: 129, params: [u64(0)] }),
    event({ at: 30, tid: 200, type: 129, params: [u64(0), u64(-100), u8(18)] }),
    event({ at: 40, tid: 200, type: 129, params: [u64(-3), u64(100), u8(9)] }),
    event({ at: 50, tid: 101, type: 232, params: [u64(200), u64(101), u8(15)] }),
  )
  expect(lines.filter((line) => line.includes('signal'))).toEqual([
    '15 signal 19 delivered: -1  -> 100 keepalived',
    '10 signal 19 sent: 200 sh -> 100 keepalived',
    '30 signal 18 sent: 200 sh -> 100 keepalived',
    '50 signal 15 delivered: 200 sh -> 101 worker',
  ])
})

const switched = (at: number, from: number, to: number): Uint8Array =>
  event({ at, tid: from, type: 152, cpu: 1, params: [u64(to), u64(12), u64(0), u32(0), u32(0), u32(0)] })
const exitOnlyWrite = (at: number, tid: number): Uint8Array =>
  event({ at, tid, type: 9, params: [u64(5), zero('data'), u64(3), u32(5)] })

test('a switch is told with both names and the major faults of the thread that leaves', () => {
  expect(read(start, switched(10, 100, 200), switched(20, 200, 0)).lines).toEqual([
    '10 cpu 1 100 keepalived -> 200 sh reason 0 major faults 12',
    '20 cpu 1 200 sh -> 0  reason 0 major faults 12',
  ])
})

test('without enters a call is as long as its thread was off the CPU', () => {
  const { lines } = read(
    start,
    exitOnlyWrite(100, 100),
    switched(200, 100, 0),
    switched(5200, 0, 100),
    exitOnlyWrite(5300, 100),
    exitOnlyWrite(5400, 100),
    switched(5500, 100, 0),
  )
  expect(lines.filter((line) => line.includes('write')).map((line) => line.replace(/.*after/, ''))).toEqual([
    // What was before the first event of the thread is not in the file.
    ' NaN',
    ' 5000',
    ' 0',
  ])
})

test('without enters and without the switch that woke it, a call is bounded by its exit', () => {
  const { lines } = read(start, exitOnlyWrite(100, 100), switched(200, 100, 0), exitOnlyWrite(5300, 100))
  expect(lines.at(-1)).toContain('after 5100')
})

test('an exit-only call has its descriptor and file from the exit', () => {
  expect(calls(read(start, exitOnlyWrite(1, 100)))).toEqual(['100/100 keepalived: write = 5 fd 3 "/var/log/messages"'])
})

test('calls that have not come back can be asked for, with file and since when', () => {
  const log = openKernelLog()
  const parser = createScapParser({ origin: epochOf(writtenOrigin), sink: log.sink })
  parser.push(joined(start, event({ at: 77, tid: 101, type: 8, params: [u64(3), u32(5)] }), switched(80, 101, 0)))
  const pending = parser.pendingCall(101)
  expect(pending).toMatchObject({ tid: 101, since: 77, fd: 3 })
  expect([log.textOf(pending?.call ?? 0), log.textOf(pending?.file ?? 0)]).toEqual(['write', '/var/log/messages'])
  expect(parser.pendingCalls()).toHaveLength(1)
  expect(parser.threadOf(101)).toMatchObject({ pid: 100, offCpuSince: 80 })
  parser.push(joined(switched(90, 0, 101), event({ at: 95, tid: 101, type: 9, params: [u64(5), zero('')] })))
  expect([parser.pendingCall(101), parser.threadOf(101)?.offCpuSince, parser.threadOf(999)]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})

test('the end of a gap that the driver made by sampling is told as a loss', () => {
  const dropping = [
    event({ at: 5, tid: -1, type: 148, params: [u32(2)] }),
    event({ at: 9, tid: -1, type: 149, params: [u32(2)] }),
  ]
  expect(read(start, ...dropping).losses).toEqual([{ at: 9, events: 1 }])
})

test('an event that the recorder kept for its effect is applied and not told', () => {
  const params = [u64(7), u64(-100), zero('/hidden'), u32(1), u32(0), u32(5)]
  expect(calls(read(start, hiddenEvent({ at: 0, tid: 100, type: 307, params }), write(10, 100, 7)))).toEqual([
    '100/100 keepalived: write = 5 fd 7 "/hidden"',
  ])
})

test('a section header in the middle makes everything before it forgotten', () => {
  const { lines, parser } = read(start, write(0, 100, 3), section(), write(10, 100, 3))
  expect(lines[1]).toBe('710 cpu 0 100/-1 : write = 5 fd 3 "" after 700')
  expect(parser.counts.sections).toBe(2)
})

test('old headers, longer records, unknown events and unknown blocks are no trouble', () => {
  const { lines, complaints, ignored } = read(
    section(),
    processes(threads, 71),
    block(0x999, new Uint8Array(50)),
    files(100, { 3: '/log' }),
    oldEvent({ at: 0, tid: 100, type: 8, params: [u64(3), u32(5)] }),
    oldEvent({ at: 9, tid: 100, type: 9, params: [u64(5), zero('data')] }),
    event({ at: 10, tid: 100, type: 4000, params: [u64(3), u32(5)] }),
    largeEvent({ at: 11, tid: -1, type: 402, params: [u32(1), zero('name'), new Uint8Array(100_000)] }),
    event({ at: 12, tid: 100, type: 9, params: [u64(1), zero('x'), u64(3), u32(1), u64(9), u64(9), u64(9)] }),
  )
  expect(complaints).toEqual([])
  expect(lines.map((line) => line.slice(0, 60))).toEqual([
    '9 cpu 0 100/100 keepalived: write = 5 fd 3 "/log" after 9',
    '12 cpu 0 100/100 keepalived: write = 1 fd 3 "/log" after NaN',
  ])
  expect([...ignored.keys()]).toEqual(['scap block: unknown', 'scap event of a newer type', 'asyncevent'])
})

test('lengths that do not fit are told with the place, and the next event is read', () => {
  const bad = event({ at: 0, tid: 100, type: 8, params: [u64(3), u32(5)] })
  const lying = Uint8Array.from(bad)
  // The length of the first parameter.
  lying[8 + 2 + 26] = 200
  const { lines, complaints } = read(start, lying, write(10, 100, 3))
  expect(complaints).toEqual([{ reason: 'an event whose parameters run past its end', where: start.length }])
  expect(lines).toHaveLength(1)
})

test('a capture of a later format is refused in a sentence, a big-endian one too', () => {
  const later = block(0x0a0d0d0a, joined(u32(0x1a2b3c4d), u16(2), u16(0), u64(-1)))
  expect(read(later, write(0, 100, 3))).toMatchObject({
    lines: [],
    complaints: [{ reason: 'a capture of format 2: only 1 is known', where: 0 }],
  })
  const swapped = Uint8Array.from([0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 28, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 2])
  expect(read(swapped).complaints[0]?.reason).toContain('big-endian')
})

test('the machine is known, and whether the events tell their CPU', () => {
  const machine = block(0x201, joined(u32(4), u64(8e9), u64(0), zero('node01'), new Uint8Array(121 + 32)))
  const { parser } = read(section(), machine, event({ at: 0, tid: 1, type: 8, params: [u64(3)] }))
  expect(parser.machine).toEqual({ cpus: 4, memoryBytes: 8e9, hostName: 'node01' })
  expect(parser.tellsCpus).toBe(false)
  expect(read(section(), machine, switched(1, 1, 2)).parser.tellsCpus).toBe(true)
})

test('a packed file is known by its first two bytes', () => {
  expect([isGzip(Uint8Array.of(0x1f, 0x8b, 8)), isGzip(section()), isGzip(nothing)]).toEqual([true, false, false])
})
