// Is this file packed? `sysdig -w - -z` and .scap.gz begin with gzip's two bytes; unpacking is the caller's business.

export function isGzip(firstBytes: Uint8Array): boolean {
  return firstBytes[0] === 0x1f && firstBytes[1] === 0x8b
}
