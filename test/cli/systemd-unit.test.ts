// The unit file that `record --systemd` prints, and sizes as people type them.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatSize, parseSize } from '../../src/cli/size.ts'
import { formatUnit } from '../../src/cli/systemd-unit.ts'

test('the unit runs what was typed, quoted as systemd wants it, into a directory of its own', () => {
  const unit = formatUnit(['record', '--systemd', '--filter', 'udp port 5% "x" $HOME'])
  expect(unit).toContain(String.raw`record --filter "udp port 5%% \"x\" $$HOME" -o /var/lib/whylate -q`)
  expect(unit).not.toMatch(/ExecStart=.*--systemd/)
  expect(formatUnit(['record', '-o', '/srv/night', '--systemd'])).toMatch(/record -o \/srv\/night -q$/m)
})

const hasSystemd = (() => {
  try {
    execFileSync('systemd-analyze', ['--version'], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
})()

test.skipIf(!hasSystemd)('systemd has nothing to say against it (needs systemd)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'whylate-unit-'))
  try {
    const file = join(folder, 'whylate-record.service')
    writeFileSync(file, formatUnit(['record', '-i', 'tap0']))
    expect(execFileSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })).toBe('')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('sizes', () => {
  expect(['500M', '2G', '1.5k', '7', '3GB'].map(parseSize)).toEqual([500e6, 2e9, 1500, 7, 3e9])
  expect(['', 'much', '-5', '5X'].map(parseSize)).toEqual([undefined, undefined, undefined, undefined])
  expect([999, 1200, 3.25e6, 2e9].map(formatSize)).toEqual(['999 B', '1 kB', '3.3 MB', '2.00 GB'])
})
