// A capture's own introduction, made again from what has been learnt since: which threads there are, and what each has open.
// So that a stretch cut out of the middle of a recording is a section of its own, for sysdig and for this reader alike.
//
//   section header | machine, as it was | processes (V9) | files (V2), one block a process
//
// What the tables here do not hold (users, memory, command lines) is 0 or empty. A socket keeps its tuple; any other
// descriptor is written as a file of its name.

import type { Fd } from './fd-table.ts'
import { transport } from './socket-names.ts'
import type { Thread, ThreadTable } from './thread-table.ts'

const blockType = { section: 0x0a0d0d0a, processes: 0x215, files: 0x218 } as const
const fdKind = { ipv4: 3, file: 16 } as const
const mostDescriptors = 4096
const longestName = 4096

/** Bytes that grow; little-endian. */
class Writer {
  #bytes = Buffer.alloc(64 * 1024)
  length = 0

  #room(size: number): number {
    const at = this.length
    if (at + size > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(at + size, this.#bytes.length * 2))
      this.#bytes.copy(grown, 0, 0, at)
      this.#bytes = grown
    }
    this.length += size
    return at
  }

  zeros(count: number): void {
    const at = this.#room(count)
    this.#bytes.fill(0, at, at + count)
  }
  u8(value: number): void {
    this.#bytes.writeUInt8(value & 0xff, this.#room(1))
  }
  u16(value: number): void {
    this.#bytes.writeUInt16LE(value & 0xffff, this.#room(2))
  }
  u32(value: number): void {
    this.#bytes.writeUInt32LE(value >>> 0, this.#room(4))
  }
  /** A signed 64-bit id. */
  id(value: number): void {
    this.#bytes.writeBigInt64LE(BigInt(value), this.#room(8))
  }
  text(text: string): void {
    const bytes = Buffer.from(text).subarray(0, longestName)
    this.u16(bytes.length)
    bytes.copy(this.#bytes, this.#room(bytes.length))
  }
  patch(at: number, value: number): void {
    this.#bytes.writeUInt32LE(value, at)
  }
  taken(): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(0, this.length))
  }
}

/** type | total | body | padding | total */
function block(writer: Writer, type: number, body: () => void): void {
  const start = writer.length
  writer.u32(type)
  writer.u32(0)
  body()
  writer.zeros(-(writer.length - start) & 3)
  const total = writer.length - start + 4
  writer.u32(total)
  writer.patch(start + 4, total)
}

/** From V9 and V2 on a record begins with its own length. */
function record(writer: Writer, body: () => void): void {
  const start = writer.length
  writer.u32(0)
  body()
  writer.patch(start, writer.length - start)
}

function writeThread(writer: Writer, thread: Thread): void {
  const { tid, pid, parent, comm = '', cwd, flags } = thread
  writer.id(tid)
  writer.id(pid)
  writer.id(parent)
  writer.zeros(16) // session, process group
  writer.text(comm)
  writer.zeros(2 + 2 + 2) // argv[0], executable, arguments
  writer.text(cwd)
  writer.zeros(8) // limit of open files
  writer.u32(flags)
  writer.zeros(8 + 12 + 16) // user and group, memory, faults
  writer.zeros(2) // environment
  writer.id(tid)
  writer.id(pid)
  writer.zeros(2 + 2) // cgroups, root
}

const pair = /^(?<a>\d+\.\d+\.\d+\.\d+)(?::(?<p>\d+))?->(?<b>\d+\.\d+\.\d+\.\d+)(?::(?<q>\d+))?$/

function writeFd(writer: Writer, fd: number, { name, l4 }: Fd): void {
  writer.id(fd)
  writer.zeros(8) // inode
  const ends = l4 === transport.none ? undefined : pair.exec(name)?.groups
  if (ends === undefined) {
    writer.u8(fdKind.file)
    writer.u32(0)
    writer.text(name)
    return
  }
  writer.u8(fdKind.ipv4)
  for (const address of [ends['a'] ?? '', ends['b'] ?? ''])
    for (const part of address.split('.')) writer.u8(Number(part))
  writer.u16(Number(ends['p'] ?? 0))
  writer.u16(Number(ends['q'] ?? 0))
  writer.u8(l4)
}

/** `machine`: that block as it came, whole; empty where none did. */
export function stateBlocks(threads: ThreadTable, machine: Uint8Array): Uint8Array {
  const writer = new Writer()
  block(writer, blockType.section, () => {
    writer.u32(0x1a2b3c4d)
    writer.u16(1)
    writer.u16(2)
    writer.zeros(8)
    writer.patch(writer.length - 8, 0xffffffff)
    writer.patch(writer.length - 4, 0xffffffff)
  })
  const known = [...threads.values()].filter((thread) => thread.pid >= 0)
  const head = writer.taken()
  const rest = new Writer()
  block(rest, blockType.processes, () => {
    for (const thread of known) record(rest, () => writeThread(rest, thread))
  })
  for (const thread of known) {
    if (thread.pid !== thread.tid || thread.files === undefined) continue
    const open = [...thread.files.entries()].slice(0, mostDescriptors)
    block(rest, blockType.files, () => {
      rest.id(thread.tid)
      for (const [fd, entry] of open) record(rest, () => writeFd(rest, fd, entry))
    })
  }
  return new Uint8Array(Buffer.concat([head, machine, rest.taken()]))
}
