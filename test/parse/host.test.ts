import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import type { HostSample, Sender } from '../../src/events/host.ts'
import { isFrozen, memoryEventsOf, throttlingOf } from '../../src/parse/cgroup-files.ts'
import { createHostParser } from '../../src/parse/host.ts'
import { formatIso } from '../../src/time/format.ts'
import { epochAt, epochFrom } from '../../src/time/instant.ts'

// Properties take long on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const origin = epochFrom('1795350000', '')

const capture = (name: string): Buffer => readFileSync(join(import.meta.dirname, '../captures/host', `${name}.ndjson`))

interface Said {
  readonly samples: HostSample[]
  readonly senders: Sender[][]
  readonly facts: Readonly<Record<string, number | string>>[]
  readonly malformed: { readonly reason: string; readonly where: number }[]
}

function read(...pieces: readonly (Uint8Array | string)[]): Said {
  const said: Said = { samples: [], senders: [], facts: [], malformed: [] }
  const parser = createHostParser({
    origin,
    sink: {
      sample: (sample) => said.samples.push(sample),
      senders: (_at, senders) => said.senders.push([...senders]),
      facts: (_at, facts) => said.facts.push(facts),
      malformed: (complaint) => said.malformed.push(complaint),
      ignored: () => undefined,
    },
  })
  for (const piece of pieces) parser.push(Buffer.from(piece))
  parser.end()
  return said
}

const clockOf = (sample: HostSample): string => formatIso(epochAt(sample.at, origin)).slice(11)

const line = (ns: bigint, rest = ''): string => `{"ns":${ns},"mono":${ns - 1795344080000000000n}${rest}}\n`

test('a keepalived that is stopped by a signal changes its state and stands still', () => {
  const { samples, malformed } = read(capture('sigstop'))
  expect(malformed).toEqual([])
  expect(
    samples.map((sample) => {
      const child = sample.threads.find((thread) => thread.tid === 27070)
      return `${clockOf(sample)} ${child?.comm} ${child?.state} ran ${child?.onCpuNs} waited ${child?.runDelayNs}`
    }),
  ).toMatchInlineSnapshot(`
    [
      "12:29:56.140880705Z keepalived S ran 13552069 waited 9374914",
      "12:29:56.240948785Z keepalived S ran 13552069 waited 9374914",
      "12:29:56.340889411Z keepalived S ran 13552069 waited 9374914",
      "12:29:56.440864313Z keepalived T ran 13574632 waited 9374914",
      "12:29:56.540862415Z keepalived T ran 13574632 waited 9374914",
      "12:29:56.641206712Z keepalived T ran 13574632 waited 9374914",
      "12:29:56.740882133Z keepalived T ran 13574632 waited 9374914",
      "12:29:56.840880515Z keepalived T ran 13574632 waited 9374914",
      "12:29:56.944262047Z keepalived T ran 13574632 waited 9374914",
      "12:29:57.040852017Z keepalived T ran 13574632 waited 9374914",
      "12:29:57.140857559Z keepalived T ran 13574632 waited 9374914",
      "12:29:57.240863437Z keepalived T ran 13574632 waited 9374914",
    ]
  `)
})

test('one traced thread of qemu is told from its others', () => {
  const { samples } = read(capture('ptrace-of-one-thread'))
  expect(samples.map((sample) => sample.threads.map((thread) => `${thread.comm}:${thread.state}`).join(' ')))
    .toMatchInlineSnapshot(`
    [
      "qemu-system-x86:S keepalived:S qemu-system-x86:S keepalived:S IO mon_iothread:S CPU 0/TCG:S worker:S worker:S",
      "qemu-system-x86:S keepalived:S qemu-system-x86:S keepalived:S IO mon_iothread:S CPU 0/TCG:S worker:S worker:S",
      "qemu-system-x86:S keepalived:S qemu-system-x86:S keepalived:S IO mon_iothread:S CPU 0/TCG:S worker:S worker:S",
      "qemu-system-x86:t keepalived:S qemu-system-x86:S keepalived:S IO mon_iothread:S CPU 0/TCG:S worker:S worker:S",
      "qemu-system-x86:t keepalived:S qemu-system-x86:S keepalived:S IO mon_iothread:S CPU 0/TCG:S worker:S worker:S",
      "qemu-system-x86:t keepalived:S qemu-system-x86:S keepalived:S IO mon_iothread:S CPU 0/TCG:S worker:S worker:S",
      "qemu-system-x86:t keepalived:S qemu-system-x86:S keepalived:S IO mon_iothread:S CPU 0/TCG:S worker:S worker:S",
      "qemu-system-x86:t keepalived:S qemu-system-x86:S keepalived:S IO mon_iothread:S CPU 0/TCG:S worker:S worker:S",
    ]
  `)
})

test('throttling of a version 1 cgroup', () => {
  const { samples } = read(capture('cpu-quota-cgroup-v1'))
  expect(
    samples.flatMap((sample) =>
      sample.cgroups.map(({ path, files }) => {
        const throttling = throttlingOf(files)
        return `${clockOf(sample)} ${path} ${throttling?.throttledPeriods} periods, ${throttling?.throttledNs} ns`
      }),
    ),
  ).toMatchInlineSnapshot(`
    [
      "12:27:53.408048161Z /sys/fs/cgroup/cpu/machine-lb01-v 4 periods, 3244833070 ns",
      "12:27:53.507466278Z /sys/fs/cgroup/cpu/machine-lb01-v 4 periods, 3244833070 ns",
      "12:27:53.607472612Z /sys/fs/cgroup/cpu/machine-lb01-v 4 periods, 3244833070 ns",
      "12:27:53.707452241Z /sys/fs/cgroup/cpu/machine-lb01-v 4 periods, 3244833070 ns",
      "12:27:53.807453512Z /sys/fs/cgroup/cpu/machine-lb01-v 4 periods, 3244833070 ns",
      "12:27:53.907463201Z /sys/fs/cgroup/cpu/machine-lb01-v 4 periods, 3244833070 ns",
      "12:27:54.007578317Z /sys/fs/cgroup/cpu/machine-lb01-v 5 periods, 4235450770 ns",
      "12:27:54.107462889Z /sys/fs/cgroup/cpu/machine-lb01-v 5 periods, 4235450770 ns",
      "12:27:54.207458948Z /sys/fs/cgroup/cpu/machine-lb01-v 5 periods, 4235450770 ns",
      "12:27:54.307450279Z /sys/fs/cgroup/cpu/machine-lb01-v 5 periods, 4235450770 ns",
    ]
  `)
})

test('a version 2 cgroup that is frozen while its threads sleep', () => {
  const { samples } = read(capture('freezer-cgroup-v2'))
  expect(
    samples.map((sample) => {
      const states = sample.threads.map((thread) => thread.state).join('')
      return `${clockOf(sample)} ${states} ${sample.cgroups.map(({ files }) => isFrozen(files)).join()}`
    }),
  ).toMatchInlineSnapshot(`
    [
      "12:28:40.152742379Z SSSS false",
      "12:28:40.252736715Z SSSS false",
      "12:28:40.352735317Z SSSS false",
      "12:28:40.452757935Z SSSS false",
      "12:28:40.552714535Z SSSS true",
      "12:28:40.652751354Z SSSS true",
      "12:28:40.752744618Z SSSS true",
      "12:28:40.853227041Z SSSS true",
    ]
  `)
})

test('everything of one line', () => {
  const [first] = read(capture('cpu-quota-cgroup-v1')).samples
  expect(first && { ...first, threads: first.threads.slice(0, 1) }).toMatchInlineSnapshot(`
    {
      "at": 473408048161,
      "cgroups": [
        {
          "files": {
            "cpu.stat": "nr_periods 4 nr_throttled 4 throttled_time 3244833070 nr_bursts 0 burst_time 0",
          },
          "path": "/sys/fs/cgroup/cpu/machine-lb01-v",
        },
      ],
      "inflight": [
        {
          "device": "vda",
          "reads": 0,
          "writes": 0,
        },
        {
          "device": "zram0",
          "reads": 0,
          "writes": 0,
        },
      ],
      "monotonicNs": 6392512187153,
      "pressure": {
        "cpu": {
          "fullUs": 0,
          "someUs": 327635591,
        },
        "io": {
          "fullUs": 35139218,
          "someUs": 45489756,
        },
        "memory": {
          "fullUs": 0,
          "someUs": 0,
        },
      },
      "stealTicks": 207,
      "threads": [
        {
          "comm": "qemu-system-x86",
          "cpu": 0,
          "majorFaults": 26,
          "onCpuNs": 440189726,
          "pid": 26438,
          "runDelayNs": 1855930084,
          "slices": 10966,
          "state": "S",
          "tid": 26438,
        },
      ],
      "vmstat": {
        "allocstall": 0,
        "pgmajfault": 20973,
        "pswpin": 0,
        "pswpout": 101,
      },
    }
  `)
})

test('nanoseconds are exact, not rounded to what a double can hold', () => {
  const { samples } = read(line(1795350000000000001n), line(1795350000000000002n), line(1795350000000000003n))
  expect(samples.map((sample) => sample.at)).toEqual([1, 2, 3])
})

test('a key of the same name inside a value is not mistaken for the time', () => {
  const { samples, facts } = read(
    '{"th":{"1":[1,"\\"ns\\":5,","S",1,2,3,0,0]},"mono":7,"ns":1795350000000000009}\n',
    '{"facts":{"ns":5,"mono":6},"ns":1795350000000000011,"mono":8}\n',
  )
  expect(samples).toMatchObject([{ at: 9, monotonicNs: 7, threads: [{ comm: '"ns":5,' }] }])
  expect(facts).toEqual([{ ns: 5, mono: 6 }])
})

test('a line with nothing but the two clocks is a heartbeat', () => {
  const { samples, malformed } = read(line(1795350000000000000n))
  expect(samples).toHaveLength(1)
  expect(samples[0]).toMatchObject({ threads: [], cgroups: [], inflight: [], stealTicks: undefined })
  expect(malformed).toEqual([])
})

test('our own lines: facts, senders, and which threads are ours', () => {
  const sender: Sender = {
    pid: 7,
    comm: 'qemu-system-x86',
    name: 'instance-000000dd',
    kind: 'qemu',
    links: ['tap0'],
    addresses: [],
    threads: [{ tid: 8, comm: 'CPU 0/KVM', role: 'vcpu 0' }],
    files: { '3': '/dev/net/tun' },
  }
  const said = read(
    line(1795350000000000000n, ',"facts":{"load1":0.5,"kernel":"6.18","odd":[1]}'),
    line(1795350000000000001n, `,"senders":${JSON.stringify([sender, { pid: 'x' }, 5])}`),
    line(1795350000000000002n, ',"th":{},"own":[5,6],"later":{"unknown":true}'),
  )
  expect(said.facts).toEqual([{ load1: 0.5, kernel: '6.18' }])
  expect(said.senders).toEqual([[sender]])
  expect(said.samples.map((sample) => sample.own)).toEqual([[5, 6]])
  expect(said.malformed).toEqual([])
})

test('one thread that cannot be read does not lose the others', () => {
  const said = read(
    line(
      1795350000000000000n,
      ',"th":{"1":[1,"a","S",1,2,3,0,0],"2":["x"],"3":null,"zz":[3,"b","S",1,2,3,0,0],"4":[4,"b","R",9]}',
    ),
  )
  expect(said.samples[0]?.threads.map((thread) => thread.tid)).toEqual([1, 4])
  expect(said.samples[0]?.threads[1]?.runDelayNs).toBeNaN()
  expect(said.malformed).toEqual([{ reason: '3 threads that could not be read', where: 0 }])
})

test.each([
  ['not JSON', 'hello\n'],
  ['an array', '[1,2]\n'],
  ['no clocks', '{"th":{}}\n'],
  ['a clock that is no whole number', '{"ns":1.5e18,"mono":5}\n'],
  ['a clock in quotes', '{"ns":"1795350000000000000","mono":5}\n'],
  ['a half line', '{"ns":1795350000000000000,"mo\n'],
])('%s is malformed with its place, and the next line is read', (_what, bad) => {
  const good = line(1795350000000000001n)
  const said = read(good, bad, good)
  expect(said.malformed.map((complaint) => complaint.where)).toEqual([good.length])
  expect(said.samples).toHaveLength(2)
})

test('a line without end is given up at a bound, and the next one is read', () => {
  const said = read(`{"ns":1,"x":"`, 'y'.repeat(3_000_000), 'y'.repeat(3_000_000), '"}\n', line(1795350000000000001n))
  expect(said.malformed).toEqual([{ reason: 'a line of more than 4194304 bytes', where: 0 }])
  expect(said.samples).toHaveLength(1)
})

const whole = Buffer.concat([capture('sigstop'), capture('cpu-quota-cgroup-v1')])
const expected = read(whole)

test('any split of the bytes gives the same samples', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 40 }), (cuts) => {
      const pieces: Uint8Array[] = []
      let from = 0
      for (const to of [...cuts].sort((a, b) => a - b).concat(whole.length)) {
        pieces.push(whole.subarray(from, to))
        from = to
      }
      expect(read(...pieces)).toEqual(expected)
    }),
    { numRuns: 50 },
  )
})

test('a caller that uses its buffer again does not change what waits for its end', () => {
  const buffer = Buffer.from(line(1795350000000000001n))
  const samples: HostSample[] = []
  const nothing = (): void => undefined
  const parser = createHostParser({
    origin,
    sink: {
      sample: (one) => samples.push(one),
      senders: nothing,
      facts: nothing,
      malformed: nothing,
      ignored: nothing,
    },
  })
  const half = Buffer.from(buffer.subarray(0, 20))
  parser.push(half)
  half.fill(0)
  parser.push(buffer.subarray(20))
  expect(samples).toHaveLength(1)
})

test('cut off anywhere, only the last line is lost', () => {
  for (let length = 0; length <= whole.length; length += 11) {
    const said = read(whole.subarray(0, length))
    const lines = whole.subarray(0, length).toString().split('\n').length - 1
    expect(said.samples.length).toBeGreaterThanOrEqual(lines)
    expect(said.samples).toEqual(expected.samples.slice(0, said.samples.length))
    expect(said.malformed.length).toBeLessThanOrEqual(1)
  }
})

test('garbage lines never throw and never hide the next good line', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (garbage) => {
        const said = read(garbage, '\n', line(1795350000000000001n))
        expect(said.samples.at(-1)?.at).toBe(1)
      },
    ),
    { numRuns: 300 },
  )
})

test('throttling of a version 2 cgroup is in ns too', () => {
  const stat =
    'usage_usec 7020\nuser_usec 1032\nsystem_usec 5787\nnr_periods 12\nnr_throttled 3\nthrottled_usec 250000\n'
  expect(throttlingOf({ 'cpu.stat': stat })).toEqual({ throttledNs: 250e6, throttledPeriods: 3 })
})

test('a cgroup without the controller says nothing, which is not the same as no', () => {
  expect(throttlingOf({ 'cpu.stat': 'usage_usec 7020 user_usec 1032' })).toBeUndefined()
  expect(throttlingOf({})).toBeUndefined()
  expect(isFrozen({})).toBeUndefined()
  expect(isFrozen({ 'cgroup.events': 'populated 1' })).toBeUndefined()
  expect(memoryEventsOf({})).toBeUndefined()
})

test.each([
  [{ 'freezer.state': 'FROZEN\n' }, true],
  [{ 'freezer.state': 'FREEZING\n' }, true],
  [{ 'freezer.state': 'THAWED\n' }, false],
  [{ 'cgroup.events': 'populated 1\nfrozen 1\n', 'cgroup.freeze': '0' }, true],
  [{ 'cgroup.events': 'populated 1\nfrozen 0\n', 'cgroup.freeze': '1' }, false],
  [{ 'cgroup.freeze': '1' }, true],
] as const)('%j is frozen: %s', (files, frozen) => {
  expect(isFrozen(files)).toBe(frozen)
})

test('memory events of both versions', () => {
  expect(memoryEventsOf({ 'memory.events': 'low 0\nhigh 12\nmax 3\noom 0\noom_kill 1\n' })).toEqual({
    high: 12,
    max: 3,
    oomKills: 1,
  })
  expect(
    memoryEventsOf({ 'memory.failcnt': '4\n', 'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n' }),
  ).toEqual({
    high: NaN,
    max: 4,
    oomKills: 2,
  })
})
