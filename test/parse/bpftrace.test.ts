import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createBpftraceParser, type BpftraceOptions } from '../../src/parse/bpftrace.ts'
import { parseBpftraceSaid } from '../../src/parse/bpftrace/said.ts'
import { instantOf } from '../../src/time/instant.ts'
import { createKernelNotes, type Notes } from './kernel-notes.ts'

const folder = join(import.meta.dirname, '../captures/bpftrace')
const capture = (name: string): Uint8Array => readFileSync(join(folder, `${name}.tsv`))
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

function read(input: Uint8Array | readonly Uint8Array[], options: Partial<BpftraceOptions> = {}, origin = 0): Notes {
  const notes = createKernelNotes(origin)
  const parser = createBpftraceParser({ sink: notes.sink, instantAt: instantOf, ...options })
  for (const piece of input instanceof Uint8Array ? [input] : input) parser.push(piece)
  parser.end()
  return notes
}

const start = 'B\t12345\t1\t900000000\t50\n'
const line = (text: string): Uint8Array => bytesOf(`${start}${text}\n`)
const linesOf = (text: string): string[] => read(line(text)).lines

/** Adverts of one thread in a capture: when each sendmsg ended, ms. */
const advertsOf = (notes: Notes, tid: number): number[] =>
  notes.lines
    .filter((note) => note.includes(` ${tid}/`) && note.includes(': sendmsg '))
    .map((note) => Number.parseFloat(note))

describe('one line of each kind', () => {
  test('a call of keepalived takes its file from its beginning and its result from its end', () => {
    expect(
      linesOf(
        'E\t12345\t0\t1\t1000000000\t20\t21\t46\t14\t49663\t2\t112\t0\t0\t\t\nC\t12345\t0\t2\t1000041000\t20\t21\t46\t40\t1000000000\tkeepalived',
      ),
    ).toMatchInlineSnapshot(`
      [
        "1000.041 cpu 0 21/20 keepalived: sendmsg took 0.041 = 40 fd 14 raw socket 112",
      ]
    `)
  })

  test('a call whose end comes first, from the ring of another CPU, is told once and leaves nothing open', () => {
    const notes = createKernelNotes()
    const parser = createBpftraceParser({ sink: notes.sink, instantAt: instantOf })
    parser.push(
      line(
        'C\t12345\t1\t1\t1000041000\t20\t20\t0\t8\t1000000000\tkeepalived\nE\t12345\t0\t1\t1000000000\t20\t20\t0\t6\t384\t0\t0\t0\t0\t[timerfd]\t[timerfd]',
      ),
    )
    expect(parser.pendingCalls()).toEqual([])
    expect(notes.lines).toMatchInlineSnapshot(`
      [
        "1000.041 cpu 1 20/20 keepalived: read took 0.041 = 8 fd -1 ",
      ]
    `)
  })

  test('a call that does not end can be asked for', () => {
    const notes = createKernelNotes()
    const parser = createBpftraceParser({ sink: notes.sink, instantAt: instantOf })
    parser.push(line('E\t12345\t0\t1\t1000000000\t20\t20\t44\t3\t49663\t1\t0\t0\t0\t\t/run/systemd/journal/dev-log'))
    expect(parser.pendingCalls()).toMatchInlineSnapshot(`
      [
        {
          "call": "sendto",
          "fd": 3,
          "file": "unix socket /run/systemd/journal/dev-log",
          "pid": 20,
          "since": 1000000000,
          "sinceNs": 1000000000,
          "tid": 20,
        },
      ]
    `)
  })

  test('a slow call of another process names its file; its uninterruptible wait is not told twice', () => {
    expect(
      linesOf(
        'U\t12345\t0\t1\t1230000000\t30\t1000000000\tdd\nF\t12345\t0\t2\t1240000000\t30\t30\t74\t0\t1000000000\t1\t33188\t0\t0\t0\t0\tlog\tsyslog\tdd',
      ),
    ).toMatchInlineSnapshot(`
      [
        "1240.000 cpu 0 30/30 dd: fsync took 240.000 = 0 fd 1 log/syslog",
      ]
    `)
  })

  test('a wait outside any call, as of a page fault or a kernel thread, is told when no call has claimed it', () => {
    expect(linesOf('U\t12345\t0\t1\t1230000000\t30\t1000000000\tjbd2/sda1-8\n(12345, 3000000000, H)'))
      .toMatchInlineSnapshot(`
      [
        "1230.000 cpu 0 30/-1 jbd2/sda1-8: uninterruptible wait took 230.000 = NaN fd -1 ",
      ]
    `)
  })

  test('why a thread left its CPU, in the words of Linux 4.14 and later', () => {
    const states = [0, 256, 1, 2, 4, 8, 16, 32, 128]
    expect(
      linesOf(
        states
          .map((state, at) => `S\t12345\t0\t${at + 1}\t100000000${at}\t21\t${state}\t0\t3\tkeepalived\tswapper/0`)
          .join('\n'),
      ),
    ).toMatchInlineSnapshot(`
      [
        "1000.000 cpu 0 21 keepalived (preempted, 3 faults) -> 0 swapper/0",
        "1000.000 cpu 0 21 keepalived (preempted, 3 faults) -> 0 swapper/0",
        "1000.000 cpu 0 21 keepalived (sleeping, 3 faults) -> 0 swapper/0",
        "1000.000 cpu 0 21 keepalived (uninterruptible, 3 faults) -> 0 swapper/0",
        "1000.000 cpu 0 21 keepalived (stopped, 3 faults) -> 0 swapper/0",
        "1000.000 cpu 0 21 keepalived (traced, 3 faults) -> 0 swapper/0",
        "1000.000 cpu 0 21 keepalived (dead, 3 faults) -> 0 swapper/0",
        "1000.000 cpu 0 21 keepalived (dead, 3 faults) -> 0 swapper/0",
        "1000.000 cpu 0 21 keepalived (sleeping, 3 faults) -> 0 swapper/0",
      ]
    `)
  })

  test('a qemu thread that wanted a CPU for long gives its leaving, its waking and its return', () => {
    expect(linesOf('O\t12345\t1\t1\t1050000000\t70\t1000000000\t1\t1010000000\t5\t99\tstress\tCPU 0/KVM'))
      .toMatchInlineSnapshot(`
      [
        "1000.000 cpu -1 70 CPU 0/KVM (sleeping, 0 faults) -> -1 ",
        "1010.000 cpu 1 70 woken by 5 ",
        "1050.000 cpu 1 99 stress (unknown, 0 faults) -> 70 CPU 0/KVM",
      ]
    `)
  })

  test('wakeups, signals, processes, disks and CPU time', () => {
    expect(
      linesOf(
        [
          'W\t12345\t1\t1\t1000000001\t21\t0\t77\tsh',
          'G\t12345\t1\t2\t1000000002\t77\t77\t19\t0\t21\t0\tsh\tkeepalived',
          'L\t12345\t0\t1\t1000000003\t20\t21\t19\tkeepalived',
          'N\t12345\t0\t2\t1000000004\t20\t21\t90\t0\tkeepalived',
          'N\t12345\t0\t3\t1000000005\t40\t40\t91\t1\tqemu-system-x86',
          'X\t12345\t0\t4\t1000000006\t90\t90\t20\t/usr/local/bin/chk\tchk',
          'D\t12345\t0\t5\t1000000007\t90\t90\t256\t7000\t1000000001\tchk',
          'D\t12345\t0\t6\t1000000008\t92\t92\t9\t0\t1000000001\tchk',
          'M\t12345\t0\t7\t1000000009\t40\t91\tqemu-system-x86\tCPU 0/KVM',
          'T\t12345\t0\t8\t1000000010\t93\t93\t16902\t21\tstrace',
          'P\t12345\t0\t9\t1000000011\t94\t94\t/sys/fs/cgroup/a/cgroup.freeze\tsh',
          'R\t12345\t0\t10\t1050000000\t1000000000\t8\t0\t4096\t0\t95\tWS\tkworker/u8:1',
          'R\t12345\t0\t11\t1060000000\t1000000000\t8\t0\t0\t0\t95\tFF\tjbd2/sda1-8',
          'A\t12345\t0\t12\t1100000000\t96\t97\t900000000\t100000000\tstress',
        ].join('\n'),
      ),
    ).toMatchInlineSnapshot(`
      [
        "1000.000 cpu 0 21 woken by 77 sh",
        "1000.000 signal 19 sent 77 sh -> 21 keepalived",
        "1000.000 signal 19 delivered -1  -> 21 keepalived",
        "1000.000 fork 90/90 of 20 keepalived []",
        "1000.000 thread 91/40 of 40 qemu-system-x86 []",
        "1000.000 exec 90/90 of 20 chk [/usr/local/bin/chk]",
        "1000.000 90/90 chk used 0.007 of CPU in 0.000",
        "1000.000 exit 90/90 of -1 chk [1]",
        "1000.000 exit 92/92 of -1 chk [signal 9]",
        "1000.000 rename 91/40 of -1 qemu-system-x86 [CPU 0/KVM]",
        "1000.000 cpu 0 93/93 strace: ptrace took ? = NaN fd -1 PTRACE_SEIZE of 21",
        "1000.000 cpu 0 94/94 sh: openat took ? = NaN fd -1 /sys/fs/cgroup/a/cgroup.freeze",
        "1050.000 8:0 write 4096 bytes took 50.000 for 95 kworker/u8:1",
        "1060.000 8:0 flush 0 bytes took 60.000 for 95 jbd2/sda1-8",
        "1100.000 97/96 stress used 100.000 of CPU in 200.000",
      ]
    `)
  })

  test('a descriptor that the kernel has no name for is looked up, a disk is called what the host calls it', () => {
    const text =
      'E\t12345\t0\t1\t1000000000\t20\t20\t44\t3\t49663\t1\t0\t0\t0\t\t\nC\t12345\t0\t2\t1000041000\t20\t20\t44\t9\t1000000000\tkeepalived\nR\t12345\t0\t3\t1050000000\t1000000000\t8\t16\t4096\t0\t95\tR\tdd'
    const naming = { fileOf: () => 'socket:[4711]', deviceOf: () => 'sdb' }
    expect(read(line(text), naming).lines).toMatchInlineSnapshot(`
      [
        "1000.041 cpu 0 20/20 keepalived: sendto took 0.041 = 9 fd 3 socket:[4711]",
        "1050.000 sdb read 4096 bytes took 50.000 for 95 dd",
      ]
    `)
  })
})

describe('what is lost', () => {
  test('a hole in the numbers of one CPU is a loss of that many lines', () => {
    const text =
      'W\t12345\t1\t1\t1000000001\t21\t0\t77\tsh\nW\t12345\t0\t9\t1000000002\t21\t0\t77\tsh\nW\t12345\t1\t5\t1000000003\t21\t0\t77\tsh'
    expect(read(line(text)).lost).toBe(3)
  })

  test('a loss that bpftrace announces and that the numbers then show counts once', () => {
    const text = 'W\t12345\t1\t1\t1000000001\t21\t0\t77\tsh\nLost 3 events\nW\t12345\t1\t5\t1000000003\t21\t0\t77\tsh'
    expect(read(line(text)).lost).toBe(3)
  })

  test('what bpftrace says about itself is told apart from a failure', () => {
    expect(
      [
        'Lost 1394 events',
        'ERROR: Unknown error -1: couldn\'t set RLIMIT_MEMLOCK for bpftrace. If your program is not loading, you can try "ulimit -l 8192" to fix the problem',
        'Attaching 16 probes...',
        'stdin:1:1-31: ERROR: tracepoint not found: sched:sched_nonsense',
        'S\t12345\t0\t1\t1',
      ].map((text) => parseBpftraceSaid(text)?.kind),
    ).toEqual(['lost', 'harmless', 'harmless', 'failure', undefined])
  })
})

describe('clock pairs', () => {
  test('lines that come before the first pair are placed when it is there', () => {
    let offset: number | undefined
    const notes = createKernelNotes()
    const instantAt = (ns: number) => (offset === undefined ? undefined : instantOf(ns + offset))
    const parser = createBpftraceParser({ sink: notes.sink, instantAt })
    parser.push(line('W\t12345\t1\t1\t1000000001\t21\t0\t77\tsh'))
    expect(notes.lines).toEqual([])
    offset = 5e9
    parser.push(bytesOf('(12345, 1100000000, H)\n'))
    expect(notes.lines).toEqual(['6000.000 cpu 0 21 woken by 77 sh'])
    expect(parser.aliveAt).toBe(6.1e9)
  })

  test('without any pair the end says how many lines could not be placed', () => {
    const notes = read(line('W\t12345\t1\t1\t1000000001\t21\t0\t77\tsh'), { instantAt: () => undefined })
    expect(notes.malformed).toEqual([{ reason: '2 lines came and no clock pair to place them in time', where: 0 }])
  })
})

describe('hostile names', () => {
  const forged = 'G\t12345\t1\t9\t1000000009\t1\t1\t9\t0\t21\t0\tevil\tkeepalived'

  test('a line feed in a name with a whole line behind it makes no event without the key of the run', () => {
    const notes = read(
      line(
        `W\t12345\t1\t1\t1000000001\t21\t0\t77\tx\n${forged.replace('12345', '11111')}\nW\t12345\t1\t2\t1000000002\t21\t0\t78\tsh`,
      ),
    )
    expect(notes.lines).toEqual(['1000.000 cpu 0 21 woken by 77 x', '1000.000 cpu 0 21 woken by 78 sh'])
    expect(notes.malformed.map(({ where }) => where)).toEqual([
      start.length + 'W\t12345\t1\t1\t1000000001\t21\t0\t77\tx\n'.length,
    ])
    expect(notes.lost).toBe(0)
  })

  test.each(['a\tb', '\x1b[31m', '\t1\t2\t3', 'a\r', '', ' ', '(12345, 1, H)', '\u{1F525}'])(
    '%j leaves every number in its place',
    (name) => {
      const notes = read(
        line(
          `S\t12345\t0\t1\t1000000000\t21\t1\t22\t3\t${name}\tkeepalived\nW\t12345\t0\t2\t1000000001\t21\t0\t77\t${name}`,
        ),
      )
      expect(notes.lines[0]).toMatch(/^1000\.000 cpu 0 21 .* \(sleeping, 3 faults\) -> 22 /)
      expect(notes.lines[1]).toMatch(/^1000\.000 cpu 0 21 woken by 77 /)
      expect(notes.lost).toBe(0)
    },
  )

  test('any name of up to 15 bytes makes one line that is read, whatever rubbish follows it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 15 }), (comm) => {
        const clean = comm.map((byte) => (byte === 0 ? 1 : byte))
        const head = line('').slice(0, -1)
        const text = bytesOf('W\t12345\t1\t1\t1000000001\t21\t0\t77\t')
        const next = bytesOf('\nW\t12345\t1\t2\t1000000002\t21\t0\t78\tsh\n')
        const notes = read([head, text, clean, next])
        expect(notes.lines.filter((note) => note.includes('woken by 77'))).toHaveLength(1)
        expect(notes.lines.at(-1)).toBe('1000.000 cpu 0 21 woken by 78 sh')
        expect(notes.lines).toHaveLength(2)
      }),
    )
  })
})

describe('real captures', () => {
  test.each(readdirSync(folder))('%s is read whole, without a loss', (name) => {
    const notes = read(readFileSync(join(folder, name)))
    expect(notes.malformed).toEqual([])
    expect(notes.lost).toBe(0)
    expect(notes.ignored.get('heartbeat')).toBeGreaterThan(10)
  })

  test('adverts on time: sendmsg on the raw VRRP socket, one a second', () => {
    const notes = read(capture('normal'))
    const at = advertsOf(notes, 23386)
    expect(at.slice(1).map((time, i) => Math.round((time - (at[i] ?? 0)) / 10) / 100)).toEqual([1, 1])
    expect(notes.lines.find((note) => note.includes(': sendmsg '))).toMatch(/= 40 fd 14 raw socket 112/)
  })

  test('SIGSTOP: who sent it, the stop, the wake and the late advert', () => {
    const notes = read(capture('sigstop-1.6s'))
    const story = notes.lines.filter((note) =>
      / signal (?:18|19) .*23386|\(stopped|23386 woken by.*rec|-> 23386 .*$|23386\/23386 keepalived: sendmsg/.test(
        note,
      ),
    )
    expect(story.map((note) => note.replace(/^\d+\.\d+ /, ''))).toMatchInlineSnapshot(`
      [
        "cpu 0 0 swapper/0 (preempted, 0 faults) -> 23386 keepalived",
        "cpu 0 23386/23386 keepalived: sendmsg took 0.102 = 40 fd 14 raw socket 112",
        "cpu 0 0 swapper/0 (preempted, 0 faults) -> 23386 keepalived",
        "cpu 0 23386/23386 keepalived: sendmsg took 0.154 = 40 fd 14 raw socket 112",
        "cpu 0 23386 woken by 23707 rec.sh",
        "signal 19 sent 23707 rec.sh -> 23386 keepalived",
        "cpu 0 23707 rec.sh (sleeping, 0 faults) -> 23386 keepalived",
        "signal 19 delivered -1  -> 23386 keepalived",
        "cpu 0 23386 keepalived (stopped, 0 faults) -> 23793 rec.sh",
        "cpu 1 23386 woken by 23707 rec.sh",
        "signal 18 sent 23707 rec.sh -> 23386 keepalived",
        "cpu 1 23707 rec.sh (preempted, 0 faults) -> 23386 keepalived",
        "cpu 1 23386/23386 keepalived: sendmsg took 0.069 = 40 fd 14 raw socket 112",
        "cpu 1 0 swapper/1 (preempted, 0 faults) -> 23386 keepalived",
        "cpu 1 23386/23386 keepalived: sendmsg took 0.091 = 40 fd 14 raw socket 112",
      ]
    `)
    const at = advertsOf(notes, 23386)
    expect(Math.max(...at.slice(1).map((time, i) => time - (at[i] ?? 0)))).toBeCloseTo(1836, 0)
  })

  test('a FIFO hog: keepalived was woken on time, waited for its CPU, and the one who had it is named', () => {
    const notes = read(capture('fifo-hog-1.6s'))
    const story = notes.lines.filter(
      (note) => / 23386 woken|-> 23386 |python3/.test(note) && !/ exec | fork /.test(note),
    )
    expect(story.map((note) => note.replace(/^\d+\.\d+ /, ''))).toMatchInlineSnapshot(`
      [
        "cpu 1 23386 woken by 23971 tsc",
        "cpu 1 23976 tsc (preempted, 0 faults) -> 23386 keepalived",
        "cpu 1 23386 woken by 24011 python3",
        "24011/24011 python3 used 995.070 of CPU in 1060.327",
        "cpu 1 24011 python3 (preempted, 0 faults) -> 23386 keepalived",
        "24011/24011 python3 used 610.529 of CPU in 656.636",
        "exit 24011/24011 of -1 python3 [0]",
        "cpu 1 23386 woken by 0 swapper/1",
        "cpu 1 0 swapper/1 (preempted, 0 faults) -> 23386 keepalived",
        "cpu 1 23826 bpftrace (sleeping, 0 faults) -> 23386 keepalived",
        "cpu 1 23386 woken by 0 swapper/1",
        "cpu 1 0 swapper/1 (preempted, 0 faults) -> 23386 keepalived",
      ]
    `)
  })

  test('a full log socket: the sendto that held keepalived, its length and its peer', () => {
    const notes = read(capture('blocked-log-2.3s'))
    const long = notes.lines.filter((note) => /23386\/23386 .*took \d{4}/.test(note) && !note.includes('epoll_wait'))
    expect(long.map((note) => note.replace(/^\d+\.\d+ /, ''))).toMatchInlineSnapshot(`
      [
        "cpu 0 23386/23386 keepalived: sendto took 2294.637 = 91 fd 3 unix socket /run/systemd/journal/dev-log",
      ]
    `)
  })

  test('an fsync of a large file: the slow call, its file and the disk requests behind it', () => {
    const notes = read(capture('fsync-hog'))
    const slow = notes.lines.filter((note) => / dd: /.test(note))
    expect(slow.map((note) => note.replace(/^\d+\.\d+ /, ''))).toMatchInlineSnapshot(`
      [
        "cpu 1 24485/24485 dd: fsync took 87.801 = 0 fd 1 keepalived-lab/syslog",
      ]
    `)
    expect(notes.lines.filter((note) => /write 4194304 bytes took .* dd$/.test(note)).length).toBeGreaterThan(50)
  })
})

describe('any bytes', () => {
  const bytes = capture('sigstop-1.6s')
  const whole = read(bytes)

  test('any split of the bytes gives the same events', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 30 }), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
        const pieces = places.slice(1).map((to, i) => bytes.slice(places[i], to))
        expect(read(pieces).lines).toEqual(whole.lines)
      }),
      { numRuns: 40 },
    )
  })

  test('truncation at any byte loses only the tail', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length }), (to) => {
        const { lines, malformed } = read(bytes.slice(0, to))
        expect(malformed.length).toBeLessThanOrEqual(1)
        expect(malformed.every(({ where }) => where <= to)).toBe(true)
        // A wait that its call has not claimed yet is told at the end.
        const told = lines.filter((note) => !note.includes('uninterruptible wait'))
        const all = whole.lines.filter((note) => !note.includes('uninterruptible wait'))
        expect(told).toEqual(all.slice(0, told.length))
      }),
      { numRuns: 60 },
    )
  })

  test('garbage is malformed, with its place, and the next good line is read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), (garbage) => {
        const rubbish = garbage.map((byte) => (byte === 0x0a ? 0x0b : byte))
        const notes = read([
          bytesOf(start),
          bytesOf('?'),
          rubbish,
          bytesOf('\nW\t12345\t1\t1\t1000000001\t21\t0\t77\tsh\n'),
        ])
        expect(notes.malformed.map(({ where }) => where)).toEqual([start.length])
        expect(notes.lines).toEqual(['1000.000 cpu 0 21 woken by 77 sh'])
      }),
    )
  })
})
