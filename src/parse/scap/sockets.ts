// What is a socket called? Follows socket, bind, connect, accept and the datagrams.
//
// A socket has no name until connect, accept, bind or its first datagram. UDP and raw sockets are renamed by each
// datagram, TCP ones are not. A failed connect keeps the address that was asked for, because that is all there is to
// say about it.

import { holderOf, idOf, intOf, placeOf, uintOf } from './call-parameters.ts'
import { deed, position } from './event-tables.ts'
import { Fd } from './fd-table.ts'
import type { Params } from './params.ts'
import type { Enter, Scene } from './scene.ts'
import { family, nameOfAddress, nameOfTuple, transport, transportOf } from './socket-names.ts'
import type { Thread, ThreadTable } from './thread-table.ts'

const einprogress = -115
/** Longer tuples (unix paths) are named again each time. */
const longestTuple = 64

export class Sockets {
  readonly #threads: ThreadTable
  readonly #exit: Params
  readonly #enter: Enter

  constructor({ threads, event, enter }: Scene) {
    this.#threads = threads
    this.#exit = event
    this.#enter = enter
  }

  /** Applies what the exit at hand does. */
  apply(what: number, thread: Thread): void {
    switch (what) {
      case deed.socket:
        return this.#socket(thread)
      case deed.socketpair:
        return this.#socketpair(thread)
      case deed.bind:
        return this.#bind(thread)
      case deed.connect:
        return this.#connect(thread)
      case deed.accept:
        return this.#accept(thread)
      case deed.traffic:
        return this.#traffic(thread)
      default:
        return undefined
    }
  }

  /** A connect begins, or ended without its enter: the address that it asks for. */
  target(thread: Thread, addressOf: Params): void {
    const place = placeOf(addressOf, position.addr)
    const at = addressOf.offsetOf(place)
    const name = nameOfAddress(addressOf.bytes, at, addressOf.sizeOf(place))
    if (name === undefined) return
    this.#rename(thread, addressOf.bytes[at] === family.unix ? name : `0.0.0.0:0->${name}`)
  }

  #rename(thread: Thread, name: string): void {
    const files = this.#threads.filesOf(thread)
    const entry = files.find(thread.lastFd)
    if (entry !== undefined && entry.name !== name) files.set(thread.lastFd, new Fd(name, entry.l4))
  }

  #socket(thread: Thread): void {
    const fd = intOf(this.#exit, position.fd)
    if (!(fd >= 0)) return
    const from = holderOf(this.#exit, this.#enter, position.domain)
    const l4 = transportOf(uintOf(from, position.domain), uintOf(from, position.type), uintOf(from, position.proto))
    this.#threads.open(thread, fd, new Fd('', l4))
  }

  #socketpair(thread: Thread): void {
    const exit = this.#exit
    if (intOf(exit, position.res) !== 0) return
    const files = this.#threads.filesOf(thread)
    const name = `${exit.hex(placeOf(exit, position.source))}->${exit.hex(placeOf(exit, position.peer))}`
    files.set(idOf(exit, position.fd1), new Fd(name))
    files.set(idOf(exit, position.fd2), new Fd(name))
  }

  #bind(thread: Thread): void {
    const exit = this.#exit
    const place = placeOf(exit, position.addr)
    const name = nameOfAddress(exit.bytes, exit.offsetOf(place), exit.sizeOf(place))
    if (name !== undefined && intOf(exit, position.res) >= 0) this.#rename(thread, name)
  }

  #connect(thread: Thread): void {
    if (!this.#enter.isSeen) this.target(thread, this.#exit)
    const result = intOf(this.#exit, position.res)
    if (result >= 0 || result === einprogress) this.#renameByTuple(thread, this.#exit)
  }

  /** Names the socket by a tuple, unless it is the one that named it last. */
  #renameByTuple(thread: Thread, tupleOf: Params): void {
    const files = this.#threads.filesOf(thread)
    const entry = files.find(thread.lastFd)
    const place = placeOf(tupleOf, position.tuple)
    const size = tupleOf.sizeOf(place)
    if (entry === undefined || size === 0) return
    const { bytes } = tupleOf
    const at = tupleOf.offsetOf(place)
    if (entry.tuple !== undefined && isSame(entry.tuple, bytes, at, size)) return
    const name = nameOfTuple(bytes, at, size, entry.l4)
    if (name === undefined) return
    const renamed = new Fd(name, entry.l4)
    if (size <= longestTuple) renamed.tuple = bytes.slice(at, at + size)
    files.set(thread.lastFd, renamed)
  }

  #accept(thread: Thread): void {
    const exit = this.#exit
    const fd = intOf(exit, position.fd)
    if (!(fd >= 0)) return
    const place = placeOf(exit, position.tuple)
    const at = exit.offsetOf(place)
    const name = nameOfTuple(exit.bytes, at, exit.sizeOf(place), transport.tcp)
    if (name === undefined) thread.lastFd = fd
    else this.#threads.open(thread, fd, new Fd(name, exit.bytes[at] === family.unix ? transport.none : transport.tcp))
  }

  #traffic(thread: Thread): void {
    if (intOf(this.#exit, position.res) < 0) return
    const entry = this.#threads.filesOf(thread).find(thread.lastFd)
    if (entry === undefined || (entry.l4 === transport.tcp && entry.name !== '')) return
    this.#renameByTuple(thread, holderOf(this.#exit, this.#enter, position.tuple))
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, at: number, size: number): boolean {
  if (known.length !== size) return false
  for (let i = 0; i < size; i++) if (known[i] !== bytes[at + i]) return false
  return true
}
