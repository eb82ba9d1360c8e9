import { readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { beatPlanOf, bytesInFile, type Heartbeat } from '../../src/capture/heartbeat.ts'
import { buildCapture } from '../fixtures/built-capture.ts'

const captures = resolve(import.meta.dirname, '../captures')

/** [block length, bytes of the data parameter] of every write in a scap file: event 8 is its enter, 9 its exit. */
function writesIn(file: string): { readonly enters: number[]; readonly exits: (readonly [number, number])[] } {
  const bytes = gunzipSync(readFileSync(join(captures, file)), { finishFlush: 2 })
  const enters: number[] = []
  const exits: (readonly [number, number])[] = []
  for (let at = 0; at + 46 < bytes.length;) {
    const length = bytes.readUInt32LE(at + 4)
    const isEvent = bytes.readUInt32LE(at) === 0x216
    const type = isEvent ? bytes.readUInt16LE(at + 10 + 20) : 0
    if (type === 8) enters.push(length)
    if (type === 9) exits.push([length, bytes.readUInt16LE(at + 10 + 26 + 2)])
    at += length
  }
  return { enters, exits }
}

test('a beat takes as many bytes in a real capture with enter and exit events as the rate was derived from', () => {
  // sysdig 0.29.3, kernel module, -s 160, 36 writes of 160 bytes ten times a second.
  const { enters, exits } = writesIn('heartbeat/sysdig-0.29.3-beats.scap.gz')
  expect(exits.length).toBeGreaterThan(100)
  expect(new Set(exits.map(([length]) => length + (enters[0] ?? 0)))).toEqual(new Set([bytesInFile(160, false)]))
})

test('the same for a real capture with exit events only', () => {
  const { enters, exits } = writesIn('scap/qemu-sigstop-host-exitonly.scap.gz')
  expect(enters).toEqual([])
  expect(exits.length).toBeGreaterThan(100)
  for (const [length, data] of exits) expect(length).toBe(bytesInFile(data, true))
})

test('each burst is larger than what sysdig holds back, in either form', () => {
  const plan = beatPlanOf(100)
  expect(plan).toEqual({ periodMs: 100, callsPerBurst: 36, bytesPerCall: 160 })
  for (const isExitOnly of [true, false])
    expect(plan.callsPerBurst * bytesInFile(plan.bytesPerCall, isExitOnly)).toBeGreaterThanOrEqual(8192)
})

let folder = ''
beforeAll(() => {
  folder = buildCapture()
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the worker beats from a thread of its own, and only it', { timeout: 20_000 }, async () => {
  const built = (await import(join(folder, 'dist/capture/heartbeat.js'))) as {
    readonly openHeartbeat: (plan: ReturnType<typeof beatPlanOf>) => Promise<Heartbeat>
  }
  const heartbeat = await built.openHeartbeat(beatPlanOf(100))
  expect(heartbeat.tid).not.toBe(process.pid)
  // /proc/PID/task/TID/io counts the write calls of one thread.
  const writes = (): number =>
    Number(/^syscw: (\d+)$/m.exec(readFileSync(`/proc/self/task/${heartbeat.tid}/io`, 'latin1'))?.[1])
  const before = writes()
  await sleep(1050)
  const made = writes() - before
  expect(made % 36).toBe(0)
  expect(made).toBeGreaterThanOrEqual(2 * 36)
  await heartbeat.close()
  expect(() => writes()).toThrow('ENOENT')
})
