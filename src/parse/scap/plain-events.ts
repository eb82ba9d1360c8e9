// The events that nearly all of a capture consists of, from the block to the row in one go: switches, and calls that
// change no table (read, write, futex, epoll_wait, mmap, …, and close), entered and left as they should be.
//
//   u32 type | u32 total | u16 cpu | u64 ts | s64 tid | u32 len | u16 type | u32 count | lengths | parameters | u32 total
//   +0         +4          +8        +10      +18       +26       +30        +32         +36
//
// Whatever is odd about one (a stranger, a lone exit, a length that does not fit) is left where it is, for the reader of
// the whole format, which says the same of those that are taken here, at several times the cost.

import { noName, unknown, type NameId } from '../../events/kernel.ts'
import { instantOf, spanOf, type Epoch, type Instant } from '../../time/instant.ts'
import { longestEvent, usualEvent } from './block-types.ts'
import type { CallNames } from './call-names.ts'
import {
  deed,
  deedsOf,
  eventTypes,
  fdParametersOf,
  genericEnter,
  genericExit,
  resultOf,
  trait,
  traitsOf,
  typeNames,
} from './event-tables.ts'
import type { LossWatch } from './loss-watch.ts'
import type { Scene } from './scene.ts'
import { none, type Thread } from './thread-table.ts'
import { unknownReason } from './tracepoints.ts'
import type { Tracker } from './tracker.ts'
import { waitOf } from './waits.ts'
import { farthest, word } from './scap-event.ts'

/** What is read of a type here. */
const plain = { not: 0, switched: 1, enter: 2, exit: 3, close: 4, procinfo: 5 } as const

/** CPU times of threads, as the oldest recorders write them: of no use here. */
const procinfo = 'procinfo'

const left = trait.isKept | trait.isInExitOnly | trait.isInternal | trait.isLarge

const plainOf: Uint8Array = Uint8Array.from(traitsOf, (traits, type) => {
  const what = deedsOf[type]
  if (what === deed.switched) return plain.switched
  if (typeNames[type] === procinfo) return plain.procinfo
  if ((traits & trait.isCall) === 0 || (traits & left) !== 0 || (fdParametersOf[type]?.length ?? 0) > 1)
    return plain.not
  if ((type & 1) === 1 && what === deed.close) return plain.close
  if (what !== deed.none) return plain.not
  return (type & 1) === 0 ? plain.enter : plain.exit
})

/** Which parameter says the descriptor, and which the result; -1: none. */
const fdPlaceOf: Int8Array = Int8Array.from(traitsOf, (traits, type) =>
  (traits & trait.usesFd) === 0 ? -1 : (fdParametersOf[type]?.[0] ?? -1),
)

const lengthsAt = 36
const shortest = lengthsAt + 4
/** More parameters have only types that are not read here. */
const mostParameters = 32

export class PlainEvents {
  readonly #scene: Scene
  readonly #names: CallNames
  readonly #loss: LossWatch
  readonly #tracker: Tracker
  readonly #originHigh: number
  readonly #originLow: number
  /** How many were read here. */
  events = 0
  isOnOtherCpus = false

  constructor(scene: Scene, names: CallNames, loss: LossWatch, tracker: Tracker, origin: Epoch) {
    this.#scene = scene
    this.#names = names
    this.#loss = loss
    this.#tracker = tracker
    this.#originHigh = Number(origin >> 32n)
    this.#originLow = Number(origin & 0xffffffffn)
  }

  /** Reads blocks from `from` on, and returns where the first one is that it leaves. */
  read(view: DataView, from: number, to: number): number {
    let start = from
    while (to - start >= shortest && view.getUint32(start, true) === usualEvent) {
      const total = view.getUint32(start + 4, true)
      if (total < shortest || total > longestEvent || total > to - start || (total & 3) !== 0) break
      if (view.getUint32(start + total - 4, true) !== total) break
      const end = start + 10 + view.getUint32(start + 26, true)
      const type = view.getUint16(start + 30, true)
      if (end > start + total - 4 || type >= eventTypes) break
      const at = instantOf(
        (view.getUint32(start + 14, true) - this.#originHigh) * word +
          (view.getUint32(start + 10, true) - this.#originLow),
      )
      if (at > farthest || at < -farthest || !this.#take(view, start, end, type, at)) break
      start += total
      this.events++
      if (view.getUint16(start - total + 8, true) !== 0) this.isOnOtherCpus = true
    }
    return start
  }

  #take(view: DataView, start: number, end: number, type: number, at: Instant): boolean {
    const what = plainOf[type]
    if (what === plain.not) return false
    if (what === plain.procinfo) return this.#procinfo(view, start, end, at)
    const tid = view.getInt32(start + 18, true)
    const thread = this.#scene.threads.find(tid)
    if (what === plain.switched) return this.#switched(view, start, end, at, thread)
    if (thread === undefined) return false
    if (what === plain.enter) return this.#enter(view, start, end, type, at, thread)
    return this.#exit(view, start, end, type, at, thread, what === plain.close)
  }

  #switched(view: DataView, start: number, end: number, at: Instant, from: Thread | undefined): boolean {
    // next, major faults, ...: the layout of the last ten years.
    if (!fits(view, start, end) || view.getUint32(start + 32, true) < 2) return false
    if (view.getUint16(start + lengthsAt, true) !== 8 || view.getUint16(start + lengthsAt + 2, true) !== 8) return false
    const values = start + lengthsAt + 2 * view.getUint32(start + 32, true)
    const next = view.getInt32(values, true)
    const { threads, batches } = this.#scene
    const to = threads.find(next)
    this.#loss.pass(at)
    this.#loss.switched(from, to, at)
    if (from !== undefined) {
      from.leftCpuAt = at
      from.isSeenLeaving = true
    }
    if (to !== undefined) {
      to.gotCpuAt = at
      to.isSeenComing = true
    }
    const cpu = view.getUint16(start + 8, true)
    const tid = view.getInt32(start + 18, true)
    const fromComm = from === undefined ? noName : from.commId
    const toComm = to === undefined ? noName : to.commId
    batches.switched(at, cpu, tid, next, fromComm, toComm, unknownReason, view.getUint32(values + 8, true))
    return true
  }

  #procinfo(view: DataView, start: number, end: number, at: Instant): boolean {
    if (!fits(view, start, end)) return false
    this.#loss.pass(at)
    this.#scene.sink.ignored(procinfo)
    return true
  }

  #enter(view: DataView, start: number, end: number, type: number, at: Instant, thread: Thread): boolean {
    if (thread.openType !== none || !fits(view, start, end)) return false
    const count = view.getUint32(start + 32, true)
    const values = start + lengthsAt + 2 * count
    let fd = none
    if (type === genericEnter) {
      if (count < 2 || view.getUint32(start + lengthsAt, true) !== 0x00020002) return false
      thread.openCode = view.getUint16(values, true)
      thread.openNative = view.getUint16(values + 2, true)
    } else if (fdPlaceOf[type] !== -1) {
      const place = fdPlaceOf[type] ?? 0
      if (count <= place || view.getUint16(start + lengthsAt + 2 * place, true) !== 8) return false
      fd = view.getInt32(values + offsetOf(view, start, place), true)
    }
    this.#loss.pass(at)
    this.#tracker.hasEnters = true
    thread.openType = type
    thread.openAt = at
    thread.lastFd = fd
    return true
  }

  #exit(
    view: DataView,
    start: number,
    end: number,
    type: number,
    at: Instant,
    thread: Thread,
    isClose: boolean,
  ): boolean {
    const isPaired = thread.openType === type - 1
    if (!isPaired && this.#tracker.hasEnters) return false
    if (!fits(view, start, end)) return false
    const count = view.getUint32(start + 32, true)
    const values = start + lengthsAt + 2 * count
    const lengths = start + lengthsAt
    let code = 0
    let native = Number.NaN
    let result = Number.NaN
    let fd = isPaired ? thread.lastFd : none
    if (type === genericExit) {
      if (count < 1 || view.getUint16(lengths, true) !== 2) return false
      code = view.getUint16(values, true)
      if (isPaired && thread.openCode !== code) return false
      if (count > 1 && view.getUint16(lengths + 2, true) === 2) native = view.getUint16(values + 2, true)
      else if (isPaired) native = thread.openNative
    } else {
      const resultPlace = resultOf[type] ?? -1
      const fdPlace = fdPlaceOf[type] ?? -1
      if (resultPlace >= 0) {
        if (count <= resultPlace || view.getUint16(lengths + 2 * resultPlace, true) !== 8) return false
        const place = values + offsetOf(view, start, resultPlace)
        result = view.getInt32(place + 4, true) * word + view.getUint32(place, true)
      }
      if (fd === none && fdPlace >= 0 && count > fdPlace) {
        if (view.getUint16(lengths + 2 * fdPlace, true) !== 8) return false
        fd = view.getInt32(values + offsetOf(view, start, fdPlace), true)
      }
    }
    this.#loss.pass(at)
    if (isPaired) this.#loss.paired(thread)
    const latency = isPaired ? at - thread.openAt : waitOf(thread, at)
    thread.lastFd = fd
    this.#tell(view, start, type, at, latency, thread, code, native, result)
    thread.openType = none
    thread.lastEventAt = at
    const { threads } = this.#scene
    if (thread.kept !== undefined) threads.release(thread)
    if (isClose && result >= 0 && fd !== none) threads.filesOf(thread).remove(fd)
    return true
  }

  #tell(
    view: DataView,
    start: number,
    type: number,
    at: Instant,
    latency: number,
    thread: Thread,
    code: number,
    native: number,
    result: number,
  ): void {
    let fd = unknown
    let file: NameId = noName
    if (((traitsOf[type] ?? 0) & trait.showsFd) !== 0 && thread.lastFd >= 0) {
      fd = thread.lastFd
      const entry = this.#scene.threads.filesOf(thread).find(fd)
      if (entry !== undefined) file = entry.nameId >= 0 ? (entry.nameId as NameId) : this.#tracker.nameIdOf(entry)
    }
    const call = type === genericExit ? this.#names.ofGeneric(code, native) : this.#names.ofType(type)
    const cpu = view.getUint16(start + 8, true)
    this.#scene.batches.call(at, spanOf(latency), cpu, thread.tid, thread.pid, thread.commId, call, result, fd, file)
  }
}

/** Where parameter `place` is, from the first one. */
function offsetOf(view: DataView, start: number, place: number): number {
  let offset = 0
  for (let i = 0; i < place; i++) offset += view.getUint16(start + lengthsAt + 2 * i, true)
  return offset
}

/** Whether the parameters end before the event does. */
function fits(view: DataView, start: number, end: number): boolean {
  const count = view.getUint32(start + 32, true)
  const lengths = start + lengthsAt
  if (count > mostParameters || lengths + 2 * count > end) return false
  let at = lengths + 2 * count
  for (let i = 0; i < count; i++) at += view.getUint16(lengths + 2 * i, true)
  return at <= end
}
