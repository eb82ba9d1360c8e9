// Which capture format begins here, by its first twelve bytes.
//
//   pcap    a1b2c3d4 (µs) or a1b23c4d (ns), in the writer's byte order | version 2 | 4 | …       draft-ietf-opsawg-pcap
//   pcapng  0a0d0d0a, a palindrome | block length | 1a2b3c4d in the writer's byte order | …      draft-ietf-opsawg-pcapng

import { u16, u16Little, u32, u32Little } from '../packet/octets.ts'
import type { Held } from './byte-queue.ts'

export type FileHeader =
  | { readonly format: 'pcap'; readonly isLittle: boolean; readonly isNano: boolean }
  | { readonly format: 'pcapng'; readonly isLittle: boolean }

/** As many bytes decide. */
export const sniffBytes = 12

const microsecondMagic = 0xa1b2c3d4
const nanosecondMagic = 0xa1b23c4d
export const sectionHeaderBlock = 0x0a0d0d0a
const byteOrderMagic = 0x1a2b3c4d

/** undefined where no capture begins, and where fewer than `sniffBytes` are left. */
export function fileHeaderAt({ bytes, to }: Held, at: number): FileHeader | undefined {
  if (to - at < sniffBytes) return undefined
  const big = u32(bytes, at)
  if (big === sectionHeaderBlock) {
    if (u32Little(bytes, at + 8) === byteOrderMagic) return { format: 'pcapng', isLittle: true }
    return u32(bytes, at + 8) === byteOrderMagic ? { format: 'pcapng', isLittle: false } : undefined
  }
  if (big === microsecondMagic || big === nanosecondMagic) {
    const isVersion2 = u16(bytes, at + 4) === 2
    return isVersion2 ? { format: 'pcap', isLittle: false, isNano: big === nanosecondMagic } : undefined
  }
  const little = u32Little(bytes, at)
  if (little !== microsecondMagic && little !== nanosecondMagic) return undefined
  const isVersion2 = u16Little(bytes, at + 4) === 2
  return isVersion2 ? { format: 'pcap', isLittle: true, isNano: little === nanosecondMagic } : undefined
}
