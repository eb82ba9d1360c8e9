import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeUnpackedFolder } from '../../src/bundle/unpacked-folder.ts'

const scratch = mkdtempSync(join(tmpdir(), 'whylate-unpacked-'))
process.env['TMPDIR'] = scratch
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

test.skipIf(process.platform !== 'linux')('what a killed one left goes, and nothing else does', async () => {
  const space = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? ''
  const dead = spawnSync('true').pid
  const make = (name: string): string => {
    mkdirSync(join(scratch, name))
    writeFileSync(join(scratch, name, 'manifest.json'), '{}')
    return name
  }
  const own = await makeUnpackedFolder()
  make(`whylate-bundle-${space}-${dead}-123-abcdef`)
  // The number was given away anew.
  make(`whylate-bundle-${space}-${process.pid}-123-abcdef`)
  const others = [
    make(`whylate-bundle-1${space}-${dead}-123-abcdef`),
    make(`whylate-bundle-${space}-${dead}-123-abcdef.bak`),
    make('whylate-bundle-abcdef'),
  ]
  const second = await makeUnpackedFolder()
  expect(readdirSync(scratch).toSorted()).toEqual(
    [...others, ...[own, second].map((path) => path.slice(scratch.length + 1))].toSorted(),
  )
})
