// Numbers out of bytes. Reading past the end gives 0, never an error: every reader here has compared lengths before, and
// a length that lies must not be able to throw.

export const u8 = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0

/** Network byte order. */
export const u16 = (bytes: Uint8Array, at: number): number => (u8(bytes, at) << 8) | u8(bytes, at + 1)

/** Network byte order. */
export const u32 = (bytes: Uint8Array, at: number): number =>
  ((u8(bytes, at) << 24) | (u8(bytes, at + 1) << 16) | (u8(bytes, at + 2) << 8) | u8(bytes, at + 3)) >>> 0

/** The other order, in which x86 writes its files. */
export const u16Little = (bytes: Uint8Array, at: number): number => u8(bytes, at) | (u8(bytes, at + 1) << 8)

export const u32Little = (bytes: Uint8Array, at: number): number =>
  (u8(bytes, at) | (u8(bytes, at + 1) << 8) | (u8(bytes, at + 2) << 16) | (u8(bytes, at + 3) << 24)) >>> 0
