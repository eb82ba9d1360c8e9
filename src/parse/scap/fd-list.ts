// The open files of one process at the start of a capture.
//
// An entry is a number, an inode, a kind, and then what the kind has. V2 entries begin with their own length; in V1 an
// unknown kind ends the list, because nothing says where the next entry begins. (sysdig 0.29.3 refuses the whole file
// at the first kind that it does not know; newer ones go on, and so does this.)

import type { Bytes } from './block-reader.ts'
import { Cursor } from './cursor.ts'
import { Fd } from './fd-table.ts'
import { formatIpv4, formatIpv6, nameOfListedPair, transport } from './socket-names.ts'

const kind = { ipv4: 3, ipv6: 4, ipv4Bound: 5, ipv6Bound: 6, unix: 8, file: 16, last: 21 } as const

function readConnection(cursor: Cursor, isIpv6: boolean): Fd {
  const name = nameOfListedPair(cursor.raw(isIpv6 ? 36 : 12), isIpv6)
  return new Fd(name, cursor.u8())
}

function readBound(cursor: Cursor, isIpv6: boolean): Fd {
  const address = cursor.raw(isIpv6 ? 16 : 4)
  const port = cursor.u16()
  return new Fd(`${isIpv6 ? formatIpv6(address, 0) : formatIpv4(address, 0)}:${port}`, cursor.u8())
}

/** undefined: a kind that is not known. */
function readEntry(cursor: Cursor, kindOfEntry: number): Fd | undefined {
  switch (kindOfEntry) {
    case kind.ipv4:
      return readConnection(cursor, false)
    case kind.ipv6:
      return readConnection(cursor, true)
    case kind.ipv4Bound:
      return readBound(cursor, false)
    case kind.ipv6Bound:
      return readBound(cursor, true)
    case kind.unix:
      cursor.skip(16)
      return new Fd(cursor.text())
    case kind.file:
      cursor.skip(4)
      return new Fd(cursor.text())
    default:
      return kindOfEntry === 0 || kindOfEntry > kind.last ? undefined : new Fd(cursor.text(), transport.none)
  }
}

/** Hands over each descriptor with its thread; returns what is wrong with the block, if anything. */
export function readFdList(
  memory: Bytes,
  from: number,
  to: number,
  version: number,
  take: (tid: number, fd: number, entry: Fd) => void,
): string | undefined {
  const cursor = new Cursor(memory, from, to)
  const tid = cursor.id()
  while (cursor.left >= 4) {
    const start = cursor.at
    const length = version >= 2 ? cursor.u32() : 0
    const fd = cursor.id()
    cursor.skip(8) // inode
    const entry = readEntry(cursor, cursor.u8())
    if (cursor.isShort) return 'an open file that runs past its block'
    take(tid, fd, entry ?? new Fd(''))
    if (version < 2) {
      if (entry === undefined) return 'an open file of a kind that is not known, in a list that cannot be continued'
      continue
    }
    if (length < cursor.at - start || length > to - start) return `an open file record of ${length} bytes`
    cursor.at = start + length
  }
  return undefined
}
