// The bytes of captured files: all of them, and nothing of a file stays open, however little of it was wanted.

import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { randomBytes } from 'node:crypto'
import { afterAll, expect, test, vi } from 'vitest'
import { readCaptured } from '../../src/session/import/file-source.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-source-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// Several pieces, and unpacked a hundred.
const content = Buffer.concat(
  Array.from({ length: 40 }, () => Buffer.concat([randomBytes(20_000), Buffer.alloc(400_000)])),
)
const files: Readonly<Record<string, Buffer>> = {
  plain: content,
  packed: gzipSync(content),
  'packed, and cut': gzipSync(content).subarray(0, 500_000),
  'packed, and damaged': Buffer.concat([gzipSync(content).subarray(0, 400_000), randomBytes(200_000)]),
  short: Buffer.from('x'),
  empty: Buffer.alloc(0),
}
for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)

/** Those of our files that this process has open. */
const openOnes = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return path.startsWith(folder) ? [path] : []
    } catch {
      return []
    }
  })

const read = async (name: string, most: number, isPassing: boolean): Promise<Buffer> => {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const bytes of readCaptured(join(folder, name), undefined, isPassing)) {
    pieces.push(Uint8Array.from(bytes))
    if ((length += bytes.length) >= most) break
  }
  return Buffer.concat(pieces)
}

test.each(['plain', 'packed', 'short', 'empty'])(
  '%s: every byte of it, whether its pieces pass or stay',
  async (name) => {
    const wanted = name.startsWith('packed') ? content : files[name]
    for (const isPassing of [false, true])
      expect((await read(name, Infinity, isPassing)).equals(wanted ?? content)).toBe(true)
  },
)

test('what nobody asks to pass stays as it was', async () => {
  const pieces: Uint8Array[] = []
  for await (const bytes of readCaptured(join(folder, 'plain'))) pieces.push(bytes)
  expect(Buffer.concat(pieces).equals(content)).toBe(true)
})

test.skipIf(process.platform !== 'linux').each(Object.keys(files))(
  '%s: closed, after all of it, a part of it, its first piece',
  async (name) => {
    for (const most of [Infinity, 3_000_000, 1]) await read(name, most, true).catch(() => undefined)
    await vi.waitFor(() => expect(openOnes()).toEqual([]), { timeout: 2000 })
  },
)
