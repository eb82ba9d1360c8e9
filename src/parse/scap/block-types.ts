// Which blocks a capture is made of, and how long each may be.
//
//   u32 type | u32 total | body ... | 0-3 bytes of padding | u32 total
//
// The length comes from a file or a pipe that somebody else wrote, so every kind has a cap: what claims more is not
// waited for. Event blocks hold at most 64 KiB of parameters (u16 lengths, and the drivers' own limit); the process
// list is one block for the whole machine and has megabytes.

const sectionHeader = 0x0a0d0d0a

type BlockKind =
  | 'section'
  | 'machine'
  | 'processes'
  | 'files'
  | 'interfaces'
  | 'users'
  | 'event'
  | 'largeEvent'
  | 'unknown'

export interface BlockType {
  readonly kind: BlockKind
  readonly isEvent: boolean
  /** Longest total length believed, in bytes. */
  readonly longest: number
  /** Version of the record layout inside; 0 where there is only one. */
  readonly version: number
  /** Event blocks: the header says how many parameters follow. */
  readonly hasCount: boolean
  /** Event blocks: a word of flags comes before the header. */
  readonly hasFlags: boolean
}

const KiB = 1024
const MiB = 1024 * KiB
const longest: Readonly<Record<BlockKind, number>> = {
  section: 64 * KiB,
  machine: 64 * KiB,
  processes: 256 * MiB,
  files: 64 * MiB,
  interfaces: 16 * MiB,
  users: 64 * MiB,
  event: 128 * KiB,
  largeEvent: 16 * MiB,
  unknown: 16 * MiB,
}
/** After garbage a length is less to be trusted: nothing longer than this is waited for. */
export const longestAfterGarbage = 4 * MiB
export const shortestBlock = 12
export const longestEvent = longest.event

function plain(kind: BlockKind, version = 0): BlockType {
  return { kind, isEvent: false, longest: longest[kind], version, hasCount: false, hasFlags: false }
}

function event(kind: BlockKind, hasCount: boolean, hasFlags: boolean): BlockType {
  return { kind, isEvent: true, longest: longest[kind], version: 0, hasCount, hasFlags }
}

/** The usual event block: libs 0.1.1 to today. */
export const usualEvent = 0x216
const usual = event('event', true, false)

const types = new Map<number, BlockType>([
  [sectionHeader, plain('section')],
  [0x201, plain('machine')],
  [0x8002abcd, plain('machine')],
  ...[0x202, 0x207, 0x209, 0x210, 0x211, 0x212, 0x213, 0x214, 0x215].map(
    (type, i) => [type, plain('processes', i + 1)] as const,
  ),
  ...[0x8000abcd, 0x8013abcd, 0x8014abcd].map((type, i) => [type, plain('processes', i + 1)] as const),
  [0x203, plain('files', 1)],
  [0x8001abcd, plain('files', 1)],
  [0x218, plain('files', 2)],
  [0x205, plain('interfaces', 1)],
  [0x8011abcd, plain('interfaces', 1)],
  [0x219, plain('interfaces', 2)],
  [0x206, plain('users', 1)],
  [0x8012abcd, plain('users', 1)],
  [0x220, plain('users', 2)],
  [0x204, event('event', false, false)],
  [0x8010abcd, event('event', false, false)],
  [0x208, event('event', false, true)],
  [usualEvent, usual],
  [0x217, event('event', true, true)],
  [0x221, event('largeEvent', true, false)],
  [0x222, event('largeEvent', true, true)],
])
const unknownType = plain('unknown')

export function blockTypeOf(type: number): BlockType {
  return type === usualEvent ? usual : (types.get(type) ?? unknownType)
}
