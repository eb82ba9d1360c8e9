// Event by event: who did it, which enter belongs to this exit, what it changes, and what is told.
//
//   enter  → the thread has an open call
//   exit   → paired with it (or not), applied to the tables, told as a finished call
//   switch, signal, process end → told
//
// Order matters within an event: pair, find the descriptor, apply, tell, then forget what was closed or died, so that
// the row of a close still shows the file, and that of an ending process its name.

import { nameNotKept, noName, unknown, type KernelSink, type NameId } from '../../events/kernel.ts'
import { spanOf } from '../../time/instant.ts'
import type { CallNames } from './call-names.ts'
import { intOf } from './call-parameters.ts'
import { Descriptors } from './descriptors.ts'
import {
  deed,
  deedsOf,
  eventTypes,
  execveatEnter,
  fdParametersOf,
  genericEnter,
  genericExit,
  position,
  resultOf,
  rtSigreturnCode,
  trait,
  traitsOf,
  typeNames,
} from './event-tables.ts'
import type { Fd } from './fd-table.ts'
import type { LossWatch } from './loss-watch.ts'
import { Processes } from './processes.ts'
import { noFigures, tellRow } from './rows.ts'
import type { ScapEvent } from './scap-event.ts'
import type { Enter, Scene } from './scene.ts'
import { tellSentAdvert } from './sent-adverts.ts'
import { tellSent } from './signals.ts'
import { none, type Thread, type ThreadTable } from './thread-table.ts'
import { Sockets } from './sockets.ts'
import { Tracepoints } from './tracepoints.ts'
import { waitOf } from './waits.ts'

/** sendto and sendmsg: what can carry an advert. */
const isSending = Uint8Array.from(typeNames, (name, type) => (type % 2 === 1 && /^send(?:to|msg)$/.test(name) ? 1 : 0))

export class Tracker {
  readonly #scene: Scene
  readonly #event: ScapEvent
  readonly #enter: Enter
  readonly #threads: ThreadTable
  readonly #sink: KernelSink
  readonly #names: CallNames
  readonly #descriptors: Descriptors
  readonly #sockets: Sockets
  readonly #tracepoints: Tracepoints
  readonly #processes: Processes
  readonly #loss: LossWatch
  /** An enter has been seen that exit-only recorders do not write. */
  hasEnters = false
  #latency = Number.NaN
  #result = Number.NaN

  constructor(scene: Scene, names: CallNames, loss: LossWatch) {
    this.#scene = scene
    this.#event = scene.event
    this.#enter = scene.enter
    this.#threads = scene.threads
    this.#sink = scene.sink
    this.#names = names
    this.#loss = loss
    this.#descriptors = new Descriptors(scene)
    this.#sockets = new Sockets(scene)
    this.#processes = new Processes(scene)
    this.#tracepoints = new Tracepoints(scene, this.#processes, loss)
  }

  /** Takes the event that the scene holds. */
  feed(): void {
    const event = this.#event
    const threads = this.#threads
    const { type } = event
    if (type >= eventTypes) return this.#sink.ignored('scap event of a newer type')
    const traits = traitsOf[type] ?? 0
    this.#loss.pass(event.at)
    if ((traits & trait.isCall) === 0) return this.#tracepoints.feed(deedsOf[type] ?? deed.none)
    let thread = threads.find(event.tid)
    this.#enter.miss()
    if (thread === undefined && (traits & trait.isClone) !== 0) {
      this.#processes.clone(undefined)
      return this.#tellUnknownsClone(threads.find(event.tid) ?? threads.add(event.tid, unknown))
    }
    thread ??= threads.add(event.tid, unknown)
    if ((type & 1) === 0) this.#begin(thread, type, traits)
    else this.#finish(thread, type, traits)
    return undefined
  }

  markNames(used: Uint8Array): void {
    this.#descriptors.markNames(used)
  }

  nameIdOf(entry: Fd): NameId {
    if (entry.nameId >= 0) return entry.nameId as NameId
    const id = entry.name === '' ? noName : this.#sink.name(entry.name)
    if (id !== nameNotKept) entry.nameId = id
    return id
  }

  /** Id of the call that a thread has open. */
  openNameOf(thread: Thread): NameId {
    return thread.openType === genericEnter
      ? this.#names.ofGeneric(thread.openCode, thread.openNative)
      : this.#names.ofType(thread.openType)
  }

  nameThread(thread: Thread, comm: string): void {
    this.#processes.name(thread, comm)
  }

  #begin(thread: Thread, type: number, traits: number): void {
    const event = this.#event
    if (thread.openType !== none && !isExitless(thread)) this.#loss.openEnter(thread, event.at)
    if ((traits & trait.isInExitOnly) === 0) this.hasEnters = true
    thread.openType = type
    thread.openAt = event.at
    thread.lastFd = none
    if (type === genericEnter) {
      thread.openCode = event.uint(0) | 0
      thread.openNative = event.uint(1) | 0
    } else {
      if ((traits & trait.usesFd) !== 0) this.#findFd(thread, type)
      if ((traits & trait.isKept) !== 0) this.#threads.keptOf(thread).take(event)
      if (deedsOf[type] === deed.connectEnter) this.#sockets.target(thread, event)
    }
    if (this.#scene.rows !== undefined) tellRow(this.#scene, thread, noFigures)
  }

  #finish(thread: Thread, type: number, traits: number): void {
    const event = this.#event
    this.#pair(thread, type, traits)
    if ((traits & trait.usesFd) !== 0 && thread.lastFd === none) this.#findFd(thread, type)
    const what = deedsOf[type] ?? deed.none
    if (what !== deed.none) this.#apply(what, thread)
    const place = resultOf[type] ?? -1
    this.#result = place < 0 ? Number.NaN : event.int(place)
    if (!event.isStateOnly) this.#tellCall(thread, type, traits)
    thread.openType = none
    thread.lastEventAt = event.at
    this.#threads.release(thread)
    if (this.#descriptors.isClosing) this.#descriptors.close(thread)
    this.#descriptors.failedPath = undefined
  }

  /** Sets the latency, and what is known of the enter. */
  #pair(thread: Thread, type: number, traits: number): void {
    const event = this.#event
    const enter = this.#enter
    if (isPair(thread, event, traits)) {
      const isKept = ((traitsOf[type - 1] ?? 0) & trait.isKept) !== 0
      enter.take(thread.openAt, isKept ? thread.kept : undefined)
      this.#latency = event.at - thread.openAt
      this.#loss.paired(thread)
      return
    }
    thread.lastFd = none
    this.#latency = this.hasEnters ? Number.NaN : waitOf(thread, event.at)
    const isChildsClone = (traits & trait.isClone) !== 0 && intOf(event, position.res) === 0
    if (this.hasEnters && (traits & trait.isUnpaired) === 0 && !isChildsClone) this.#loss.loneExit(thread, event.at)
  }

  /** First parameter that says which descriptor the call works on. */
  #findFd(thread: Thread, type: number): void {
    const places = fdParametersOf[type]
    if (places === undefined) return
    const event = this.#event
    for (let i = 0; i < places.length; i++) {
      const fd = event.id(places[i] ?? -1)
      if (Number.isNaN(fd)) continue
      thread.lastFd = fd
      return
    }
  }

  #apply(what: number, thread: Thread): void {
    if (what <= deed.fchdir) this.#descriptors.apply(what, thread)
    else if (what <= deed.traffic) this.#sockets.apply(what, thread)
    else if (what <= deed.prctl) this.#processes.apply(what, thread)
    else if (what <= deed.tgkill) tellSent(this.#scene, what, thread)
  }

  #tellCall(thread: Thread, type: number, traits: number): void {
    const event = this.#event
    const { adverts, rows, batches } = this.#scene
    const { failedPath } = this.#descriptors
    let fd = unknown
    let file = noName
    if ((traits & trait.showsFd) !== 0 && thread.lastFd >= 0) {
      fd = thread.lastFd
      const entry = this.#threads.filesOf(thread).find(fd)
      if (entry !== undefined) file = this.nameIdOf(entry)
    }
    if (failedPath !== undefined) file = this.#sink.name(failedPath)
    const name = type === genericExit ? this.#genericName(thread, this.#enter.isSeen) : this.#names.ofType(type)
    const latency = spanOf(this.#latency)
    batches.call(event.at, latency, event.cpu, event.tid, thread.pid, thread.commId, name, this.#result, fd, file)
    if (adverts !== undefined && isSending[type] === 1) tellSentAdvert(this.#scene, adverts)
    if (rows === undefined) return
    tellRow(this.#scene, thread, {
      result: this.#result,
      latency: this.#enter.isSeen ? this.#latency : Number.NaN,
      failedPath,
    })
  }

  #genericName(thread: Thread, isPaired: boolean): NameId {
    const event = this.#event
    const native = event.uint(1)
    return this.#names.ofGeneric(event.uint(0), Number.isNaN(native) && isPaired ? thread.openNative : native)
  }

  /** The first thing heard of a child is its own exit of clone. (Or of a stranger, that it has made a child.) */
  #tellUnknownsClone(thread: Thread): void {
    const event = this.#event
    this.#latency = Number.NaN
    this.#result = intOf(event, position.res)
    if (!event.isStateOnly) this.#tellCall(thread, event.type, traitsOf[event.type] ?? 0)
    thread.lastEventAt = event.at
  }
}

/** Whether this exit ends the call that the thread has open. Generic calls must be the same call. */
function isPair(thread: Thread, event: ScapEvent, traits: number): boolean {
  const { type } = event
  if (thread.openType === type - 1) return type !== genericExit || thread.openCode === event.uint(0)
  return (traits & trait.isExec) !== 0 && thread.openType === execveatEnter
}

/** Calls whose enter no exit need follow. */
function isExitless(thread: Thread): boolean {
  if (thread.openType === genericEnter) return thread.openCode === rtSigreturnCode
  return ((traitsOf[thread.openType] ?? 0) & trait.isUnpaired) !== 0
}
