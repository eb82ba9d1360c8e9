// A bundle's directory as one file, as `tar czf NAME.whylate.tgz NAME.whylate` makes it: ustar, then gzip. The members
// are packed already; of gzip's levels the fastest will do.
//
//   name 100 | mode 8 | uid 8 | gid 8 | size 12 | mtime 12 | checksum 8 | type 1 | link 100 | "ustar\0" "00" | …    512 bytes

import { createReadStream } from 'node:fs'
import { open, readdir, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { refuseToWrite } from './bundle-folder.ts'

const blockBytes = 512
const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`

function headerOf(name: string, size: number, mtimeS: number, isFolder: boolean): Buffer {
  const header = Buffer.alloc(blockBytes)
  header.write(name, 0, 100, 'utf8')
  header.write(octal(isFolder ? 0o700 : 0o600, 7), 100, 'latin1')
  header.write(octal(0, 7), 108, 'latin1')
  header.write(octal(0, 7), 116, 'latin1')
  header.write(octal(size, 11), 124, 'latin1')
  header.write(octal(mtimeS, 11), 136, 'latin1')
  header.fill(0x20, 148, 156)
  header.write(isFolder ? '5' : '0', 156, 'latin1')
  header.write('ustar\u000000', 257, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${octal(sum, 6)} `, 148, 'latin1')
  return header
}

/** 8 GiB is what eleven octal digits say; a name has 100 bytes. */
const largest = 0o77777777777

async function* tarOf(folder: string): AsyncGenerator<Buffer> {
  // A long name is cut: the reader goes by the last one only, and a bundle's members are short.
  const root = Buffer.from(basename(folder))
    .subarray(0, 32)
    .toString('latin1')
    .replaceAll(/[^\w.-]/g, '_')
  const names = (await readdir(folder)).toSorted()
  const facts = await stat(folder)
  const mtimeS = Math.floor(facts.mtimeMs / 1000)
  yield headerOf(`${root}/`, 0, mtimeS, true)
  for (const name of names) {
    const path = join(folder, name)
    const { size } = await stat(path)
    if (size > largest) throw Object.assign(new Error('too large'), { code: 'EFBIG', syscall: 'write' })
    yield headerOf(`${root}/${name}`, size, mtimeS, false)
    for await (const chunk of createReadStream(path, { end: Math.max(0, size - 1) })) yield chunk as Buffer
    const rest = size % blockBytes
    if (rest > 0) yield Buffer.alloc(blockBytes - rest)
  }
  yield Buffer.alloc(2 * blockBytes)
}

/** Returns its size. `target` must not exist; when this throws there is none. */
export async function writeTarArchive(folder: string, target: string, signal: AbortSignal): Promise<number> {
  let handle
  try {
    handle = await open(target, 'wx', 0o600)
  } catch (error) {
    throw refuseToWrite(target, error)
  }
  try {
    await pipeline(tarOf(folder), createGzip({ level: 1 }), handle.createWriteStream(), { signal })
    return (await stat(target)).size
  } catch (error) {
    await rm(target, { force: true })
    throw error
  } finally {
    await handle.close().catch(() => undefined)
  }
}
