// Writes captures by hand, block by block, for what no recorder here can be made to write.

const bytesOf = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]))

function little(value: bigint, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
}

export const u8 = (value: number): Uint8Array => little(BigInt(value), 1)
export const u16 = (value: number): Uint8Array => little(BigInt(value), 2)
export const u32 = (value: number): Uint8Array => little(BigInt(value), 4)
/** Also signed. */
export const u64 = (value: number | bigint): Uint8Array => little(BigInt(value), 8)
/** A text as events have it: with its 0. */
export const zero = (text: string): Uint8Array => Uint8Array.from([...Buffer.from(text), 0])
export const nothing = new Uint8Array(0)
/** A text as lists have it: with its length. */
const counted = (text: string): Uint8Array => bytesOf(u16(Buffer.byteLength(text)), Buffer.from(text))

export function tuple4(
  source: readonly number[],
  sport: number,
  destination: readonly number[],
  dport: number,
): Uint8Array {
  return bytesOf([2], source, u16(sport), destination, u16(dport))
}

export function block(type: number, body: Uint8Array): Uint8Array {
  const padding = (4 - (body.length % 4)) % 4
  const total = u32(12 + body.length + padding)
  return bytesOf(u32(type), total, body, new Uint8Array(padding), total)
}

export const section = (): Uint8Array => block(0x0a0d0d0a, bytesOf(u32(0x1a2b3c4d), u16(1), u16(2), u64(-1)))

export interface WrittenThread {
  readonly tid: number
  readonly pid: number
  readonly comm: string
  readonly cwd?: string
  readonly flags?: number
}

/** A process list of version 9, with the tail that libs 0.1.1 writes, and `extra` bytes that only newer writers know. */
export function processes(threads: readonly WrittenThread[], extra = 0): Uint8Array {
  const records = threads.map(({ tid, pid, comm, cwd = '/', flags = 0 }) => {
    const body = bytesOf(
      bytesOf(u64(tid), u64(pid), u64(1), u64(1), u64(1), counted(comm), counted(comm), counted('')),
      bytesOf(counted('--password=secret'), counted(cwd), u64(1024), u32(flags), u32(0), u32(0)),
      bytesOf(new Uint8Array(28), counted('HOME=/root'), u64(tid), u64(pid), counted(''), counted('/')),
      bytesOf(new Uint8Array(5 + extra)),
    )
    return bytesOf(u32(body.length + 4), body)
  })
  return block(0x215, bytesOf(...records))
}

/** Regular files that a process has open. */
export function files(tid: number, names: Readonly<Record<number, string>>): Uint8Array {
  const entries = Object.entries(names).map(([fd, name]) => {
    const body = bytesOf(u64(Number(fd)), u64(7), u8(16), u32(0), counted(name), u32(5))
    return bytesOf(u32(body.length + 4), body)
  })
  return block(0x218, bytesOf(u64(tid), ...entries))
}

export interface WrittenEvent {
  /** ns since `writtenOrigin`. */
  readonly at: number
  readonly tid: number
  readonly type: number
  readonly params: readonly Uint8Array[]
  readonly cpu?: number
}

export const writtenOrigin = 1_795_000_000_000_000_000n

function header({ at, tid, type, params }: WrittenEvent, length: number, count: boolean): Uint8Array {
  const stamp = u64(writtenOrigin + BigInt(at))
  return bytesOf(stamp, u64(tid), u32(length), u16(type), count ? u32(params.length) : nothing)
}

const sizeOf = (params: readonly Uint8Array[], width: number): number =>
  params.reduce((sum, param) => sum + param.length + width, 0)

export function event(written: WrittenEvent): Uint8Array {
  const { params, cpu = 0 } = written
  const head = header(written, 26 + sizeOf(params, 2), true)
  return block(0x216, bytesOf(u16(cpu), head, ...params.map((param) => u16(param.length)), ...params))
}

/** An event that the recorder kept for its effect only. */
export function hiddenEvent(written: WrittenEvent): Uint8Array {
  const { params } = written
  const head = header(written, 26 + sizeOf(params, 2), true)
  return block(0x217, bytesOf(u16(0), u32(1), head, ...params.map((param) => u16(param.length)), ...params))
}

/** The header before 2015: it does not say how many parameters follow. */
export function oldEvent(written: WrittenEvent): Uint8Array {
  const { params } = written
  const head = header(written, 22 + sizeOf(params, 2), false)
  return block(0x204, bytesOf(u16(0), head, ...params.map((param) => u16(param.length)), ...params))
}

export function largeEvent(written: WrittenEvent): Uint8Array {
  const { params } = written
  const head = header(written, 26 + sizeOf(params, 4), true)
  return block(0x221, bytesOf(u16(0), head, ...params.map((param) => u32(param.length)), ...params))
}

export const joined = (...parts: readonly Uint8Array[]): Uint8Array => bytesOf(...parts)
