// All that was seen, bounded by bytes.
//
// One table per kind of event. When they outgrow the budget, the chunk that ends earliest goes, whichever table it is
// in, except its rows in the windows that a late advert has pinned. Adverts go last of all: they are few, and they are
// what everything else is held against.

import { instantOf, outsideOf, type Instant, type Window } from '../time/instant.ts'
import { joinedWindows } from '../time/windows.ts'
import { openNames, type Names } from './names.ts'
import { openTable, type Columns, type Table } from './table.ts'

export interface Store {
  readonly names: Names
  readonly adverts: Table<typeof advertColumns>
  readonly traffic: Table<typeof trafficColumns>
  readonly calls: Table<typeof callColumns>
  readonly switches: Table<typeof switchColumns>
  readonly wakeups: Table<typeof wakeupColumns>
  readonly processes: Table<typeof processColumns>
  readonly signals: Table<typeof signalColumns>
  readonly blockRequests: Table<typeof blockRequestColumns>
  readonly cpuTimes: Table<typeof cpuTimeColumns>
  readonly disks: Table<typeof diskColumns>
  readonly threads: Table<typeof threadColumns>
  readonly pressure: Table<typeof pressureColumns>
  readonly cgroups: Table<typeof cgroupColumns>
  readonly inflight: Table<typeof inflightColumns>
  readonly beats: Table<typeof beatColumns>
  readonly bytes: number
  readonly budgetBytes: number
  /** What is pinned stays, up to half the budget and some thousand windows; then the oldest pin goes. */
  pin(window: Window): void
  readonly pinned: number
  /**
   * Brings the store back under its budget, less what others have taken of it, and its names under theirs. Not while a
   * parser is at work: an id that it has just been given would be let go.
   */
  trim(takenBytes?: number): void
  /** Of what was seen, the stretches that are no longer whole, in order: what is pinned is. */
  readonly gone: readonly Window[]
}

// Columns hold names as ids (kind `name`), times as ns, and -1 or NaN where the probe did not say.

export const advertColumns = {
  link: 'name',
  vlan: 'i32',
  family: 'u8',
  source: 'name',
  destination: 'name',
  sourceMac: 'name',
  isOutgoing: 'u8',
  version: 'u8',
  vrid: 'u8',
  priority: 'u8',
  intervalNs: 'f64',
  ipId: 'i32',
  auth: 'name',
  checksum: 'name',
} as const satisfies Columns

export const trafficColumns = {
  link: 'name',
  vlan: 'i32',
  sourceMac: 'name',
  source: 'name',
  what: 'name',
} as const satisfies Columns

/** 46 bytes a row. `resultCode` holds the return value cut to 32 bits (NaN -> `noResult`). */
export const callColumns = {
  latencyNs: 'f64',
  tid: 'i32',
  pid: 'i32',
  resultCode: 'i32',
  fd: 'i32',
  commName: 'name',
  fileName: 'name',
  callName: 'name',
  cpu: 'u16',
} as const satisfies Columns
export const noResult = -2147483648

export const switchColumns = {
  from: 'i32',
  to: 'i32',
  fromName: 'name',
  toName: 'name',
  majorFaults: 'i32',
  cpu: 'u16',
  reason: 'u8',
} as const satisfies Columns
export const wakeupColumns = { tid: 'i32', by: 'i32', byName: 'name', cpu: 'u16' } as const satisfies Columns
export const processColumns = {
  change: 'u8',
  tid: 'i32',
  pid: 'i32',
  parent: 'i32',
  commName: 'name',
  detailName: 'name',
} as const satisfies Columns
export const signalColumns = {
  step: 'u8',
  signal: 'u8',
  from: 'i32',
  fromName: 'name',
  to: 'i32',
  toName: 'name',
} as const satisfies Columns
export const blockRequestColumns = {
  latencyNs: 'f64',
  deviceName: 'name',
  operationName: 'name',
  bytes: 'f64',
  pid: 'i32',
  commName: 'name',
} as const satisfies Columns
/** CPU time of one thread over the stretch that ends at the row. */
export const cpuTimeColumns = {
  spanNs: 'f64',
  tid: 'i32',
  pid: 'i32',
  commName: 'name',
  onCpuNs: 'f64',
} as const satisfies Columns
export const diskColumns = {
  spanNs: 'f64',
  deviceName: 'name',
  readsPerSecond: 'f32',
  writesPerSecond: 'f32',
  readKbPerSecond: 'f32',
  writeKbPerSecond: 'f32',
  readAwaitMs: 'f32',
  writeAwaitMs: 'f32',
  flushAwaitMs: 'f32',
  queue: 'f32',
  utilisation: 'f32',
} as const satisfies Columns
/** Counters since the thread began; `state` is the letter's character code. */
export const threadColumns = {
  tid: 'i32',
  pid: 'i32',
  commName: 'name',
  state: 'u8',
  onCpuNs: 'f64',
  runDelayNs: 'f64',
  slices: 'f64',
  cpu: 'u16',
  majorFaults: 'f64',
} as const satisfies Columns
/** Host-wide counters of one sample; NaN where a file is missing. */
export const pressureColumns = {
  cpuSomeUs: 'f64',
  ioSomeUs: 'f64',
  ioFullUs: 'f64',
  memorySomeUs: 'f64',
  memoryFullUs: 'f64',
  swapIns: 'f64',
  swapOuts: 'f64',
  majorFaults: 'f64',
  allocStalls: 'f64',
  stealTicks: 'f64',
} as const satisfies Columns
/** `frozen`: 1 frozen, 0 not, 255 not told. Counters since the cgroup began. */
export const cgroupColumns = {
  pathName: 'name',
  throttledNs: 'f64',
  throttledPeriods: 'f64',
  frozen: 'u8',
  memoryHigh: 'f64',
  memoryMax: 'f64',
  oomKills: 'f64',
} as const satisfies Columns
export const inflightColumns = { deviceName: 'name', reads: 'i32', writes: 'i32' } as const satisfies Columns
/** Our own sampler's ticks: a heartbeat. A gap between two is a stretch in which not even we ran. */
export const beatColumns = { monotonicNs: 'f64' } as const satisfies Columns

interface Pin {
  readonly window: Window
  /** What of it was there when it was pinned, and stays. */
  readonly whole: readonly Window[]
}

const pinsKept = 4096
/** Of the names' room: from here on those that nobody holds are let go; then so much is to be free at least. */
const namesCrowded = 0.9
const namesRoomy = 0.75

/** Small tables need no large chunks. */
const smallChunk = 1024

/** `shared`: the names of the store beside which this one is opened. */
export function openStore(budgetBytes: number, shared?: Names): Store {
  const names = shared ?? openNames(budgetBytes / 3)
  const namesBytes = (): number => (shared === undefined ? names.bytes : 0)
  const adverts = openTable(advertColumns, smallChunk)
  const tables = {
    traffic: openTable(trafficColumns, smallChunk),
    calls: openTable(callColumns),
    switches: openTable(switchColumns),
    wakeups: openTable(wakeupColumns, smallChunk),
    processes: openTable(processColumns, smallChunk),
    signals: openTable(signalColumns, smallChunk),
    blockRequests: openTable(blockRequestColumns, smallChunk),
    cpuTimes: openTable(cpuTimeColumns, smallChunk),
    disks: openTable(diskColumns, smallChunk),
    threads: openTable(threadColumns, smallChunk),
    pressure: openTable(pressureColumns, smallChunk),
    cgroups: openTable(cgroupColumns, smallChunk),
    inflight: openTable(inflightColumns, smallChunk),
    beats: openTable(beatColumns, smallChunk),
  }
  const droppable = Object.values(tables) as unknown as Table<Columns>[]
  let pins: Pin[] = []
  /** From the oldest that was dropped to the newest. */
  let dropped: Window | undefined
  let gone: readonly Window[] | undefined
  let sweepFrom = namesCrowded * names.budgetBytes
  for (const table of [adverts as unknown as Table<Columns>, ...droppable]) names.addHolder(table.markNames)

  const pinned = (): Window[] => pins.map((pin) => pin.window)
  const goneNow = (): readonly Window[] =>
    dropped === undefined ? [] : outsideOf(dropped, joinedWindows(pins.flatMap((pin) => pin.whole)))
  const bytesOf = (): number => droppable.reduce((sum, table) => sum + table.bytes, adverts.bytes + namesBytes())

  function dropOldest(): Window | undefined {
    let oldest: Table<Columns> | undefined
    let until: Instant | undefined
    for (const table of adverts.bytes > budgetBytes / 4
      ? [...droppable, adverts as unknown as Table<Columns>]
      : droppable) {
      const at = table.oldestChunkEnd
      if (at !== undefined && (until === undefined || at < until)) {
        oldest = table
        until = at
      }
    }
    return oldest?.dropOldest(pinned())
  }

  /** What is pinned may take half the room; then the oldest pin goes. */
  function releasePin(): Window | undefined {
    const [oldest, ...rest] = pins
    pins = rest
    for (const table of droppable) table.prune(pinned())
    return oldest?.window
  }

  /** false: what is left cannot be dropped. */
  function dropUntil(mostBytes: number): boolean {
    while (bytesOf() > mostBytes) {
      const remnants = droppable.reduce((sum, table) => sum + table.remnantBytes, 0)
      const one = (remnants > budgetBytes / 2 ? undefined : dropOldest()) ?? releasePin()
      if (one === undefined) return false
      const { from, to } = dropped ?? one
      dropped = { from: instantOf(Math.min(from, one.from)), to: instantOf(Math.max(to, one.to)) }
      gone = undefined
    }
    return true
  }

  /**
   * Lets go of names that nobody holds. Where nearly all of them are in rows, a part of the rows has to go before its time;
   * where that does not help, they are the parsers', and rows stay.
   */
  function thinNames(): void {
    if (names.bytes <= sweepFrom) return
    names.sweep()
    const roomy = namesRoomy * names.budgetBytes
    for (let before = Infinity; names.bytes > roomy && names.bytes < 0.95 * before; names.sweep()) {
      before = names.bytes
      if (!dropUntil(bytesOf() * namesRoomy)) break
    }
    sweepFrom = Math.max(namesCrowded * names.budgetBytes, (names.bytes + names.budgetBytes) / 2)
  }

  return {
    names,
    adverts,
    ...tables,
    budgetBytes,
    get bytes() {
      return bytesOf()
    },
    get pinned() {
      return pins.length
    },
    pin(window) {
      // What of it is gone by now does not come back.
      const pin = { window, whole: outsideOf(window, (gone ??= goneNow())) }
      const behind = pins.findLastIndex((one) => one.window.from <= window.from)
      pins.splice(behind + 1, 0, pin)
      if (pins.length > pinsKept) pins.shift()
      gone = undefined
    },
    trim(takenBytes = 0) {
      dropUntil(budgetBytes - takenBytes)
      if (shared === undefined) thinNames()
    },
    get gone() {
      return (gone ??= goneNow())
    },
  }
}
