// What is this file? By its first bytes, never by its name: people call a capture what they like.

import { blockTypeOf } from './scap/block-types.ts'
import { fileHeaderAt } from './pcap/file-header.ts'
import { isIostatText } from './iostat/text.ts'
import { isSysdigText } from './sysdig-text.ts'

export type FileKind =
  | 'empty'
  | 'pcap'
  | 'pcapng'
  | 'scap'
  | 'sysdig-text'
  | 'iostat-json'
  | 'iostat-text'
  | 'host'
  | 'log'
  | 'tcpdump-text'
  | 'compressed'
  | 'unknown'

export const fileKindNames: Readonly<Record<FileKind, string>> = {
  empty: 'empty',
  pcap: 'a packet capture (pcap)',
  pcapng: 'a packet capture (pcapng)',
  scap: 'a sysdig capture (scap)',
  'sysdig-text': "sysdig's text",
  'iostat-json': "iostat's JSON",
  'iostat-text': "iostat's tables",
  host: "the host sampler's lines",
  log: 'a log',
  'tcpdump-text': 'what tcpdump prints, not what it records with -w',
  compressed: 'compressed by something else than gzip',
  unknown: 'nothing known here',
}

const packers: readonly (readonly number[])[] = [
  [0xfd, 0x37, 0x7a, 0x58], // xz
  [0x28, 0xb5, 0x2f, 0xfd], // zstd
  [0x42, 0x5a, 0x68], // bzip2
  [0x50, 0x4b, 0x03, 0x04], // zip
  [0x1f, 0x8b], // gzip once more, inside gzip
]
const sectionHeader = 0x0a0d0d0a

/** scap borrows pcapng's section header; the block behind it is one that pcapng does not have. */
function isScap(head: Uint8Array): boolean {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  if (head.length < 12 || view.getUint32(0, true) !== sectionHeader || view.getUint32(8, true) !== 0x1a2b3c4d)
    return false
  const length = view.getUint32(4, true)
  return head.length >= length + 4 && blockTypeOf(view.getUint32(length, true)).kind !== 'unknown'
}

/** `12:03:26.375374 IP 192.0.2.2 > 224.0.0.18: VRRPv2, …` */
const tcpdumpLine = /^(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d+ .*\bIP6? /m
const hostLine = /^\{(?=[^\n]*"ns"\s*:\s*\d)(?=[^\n]*"mono"\s*:\s*\d)/m
const iostatJson = /"(?:sysstat|statistics|disk_device)"\s*:/
/** keepalived's console, syslog, journal in either form, or what tcpdump said at its end. */
const logLine =
  /^(?:\w{3} +(?:\w{3} +)?\d{1,2} \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d|<\d+>|\{.*"MESSAGE"|tcpdump: |\d+ packets? (?:captured|dropped))/m

/** `head`: the first bytes, unpacked; 64 KiB tell everything apart. */
export function fileKindOf(head: Uint8Array): FileKind {
  if (head.length === 0) return 'empty'
  if (isScap(head)) return 'scap'
  const header = fileHeaderAt({ bytes: head, from: 0, to: head.length, base: 0, isLast: false }, 0)
  if (header !== undefined) return header.format
  if (packers.some((magic) => magic.every((byte, i) => head[i] === byte))) return 'compressed'
  const text = new TextDecoder().decode(head)
  if (isSysdigText(text)) return 'sysdig-text'
  if (hostLine.test(text)) return 'host'
  if (iostatJson.test(text)) return 'iostat-json'
  if (isIostatText(text)) return 'iostat-text'
  if (tcpdumpLine.test(text)) return 'tcpdump-text'
  return logLine.test(text) ? 'log' : 'unknown'
}
