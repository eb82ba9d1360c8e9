// What each descriptor of a process is: a name, and for sockets the transport.
//
// Threads share the table of their process, a fork copies it. Entries never change: a socket that gets another name
// gets another entry, so a copied table shares them. Memory is bounded over all tables together: past the bound a new
// descriptor is not kept, and a forked process begins with an empty table; their files then have no name.

import type { NameId } from '../../events/kernel.ts'
import { transport } from './socket-names.ts'

const unnamed = -1

export class Fd {
  readonly name: string
  readonly l4: number
  /** Id of the name, asked for when first needed; -1 before. */
  nameId: NameId | typeof unnamed = unnamed
  /** The socket tuple that the name was made from, so that the same one is not made again for each datagram. */
  tuple: Uint8Array | undefined

  constructor(name: string, l4: number = transport.none) {
    this.name = name
    this.l4 = l4
  }
}

/** How many descriptors may still be kept, over all processes. */
export interface FdBudget {
  left: number
}

export const fdBudget = 2 ** 20
/** A longer table is not copied: a fork of it would take too long. */
const longestCopied = 2 ** 14

export class FdTable {
  readonly #entries = new Map<number, Fd>()
  readonly #budget: FdBudget
  /** How many threads use it. */
  users = 0

  constructor(budget: FdBudget) {
    this.#budget = budget
  }

  find(fd: number): Fd | undefined {
    return this.#entries.get(fd)
  }

  entries(): IterableIterator<[number, Fd]> {
    return this.#entries.entries()
  }

  markNames(used: Uint8Array): void {
    for (const { nameId } of this.#entries.values()) if (nameId >= 0) used[nameId] = 1
  }

  set(fd: number, entry: Fd): void {
    if (!this.#entries.has(fd)) {
      if (this.#budget.left <= 0) return
      this.#budget.left--
    }
    this.#entries.set(fd, entry)
  }

  remove(fd: number): void {
    if (this.#entries.delete(fd)) this.#budget.left++
  }

  removeRange(first: number, last: number): void {
    for (const fd of this.#entries.keys()) if (fd >= first && fd <= last) this.remove(fd)
  }

  /** A table with the same entries, for a forked process. */
  copy(): FdTable {
    const copy = new FdTable(this.#budget)
    const { size } = this.#entries
    if (size <= this.#budget.left && size <= longestCopied) for (const [fd, entry] of this.#entries) copy.set(fd, entry)
    return copy
  }

  /** Gives its room back. */
  clear(): void {
    this.#budget.left += this.#entries.size
    this.#entries.clear()
  }
}
