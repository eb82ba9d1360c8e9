// What iostat says: how busy each disk was over each second. Input: `S_TIME_FORMAT=ISO TZ=UTC iostat -dxt -o JSON 1`.
//
// Captured from sysstat 12.6.1. Clock: CLOCK_REALTIME in whole seconds, at the end of the stretch that a row covers.
// The first sample after a document's head is the average since boot, not of a second: it is counted and left out. It
// cannot be told by its numbers, nor by being the first that is seen (a recording may have lost its beginning): it is
// the one behind `"statistics"`, unless iostat ran with -y, which the caller has to know.

import type { DiskSink } from '../events/disk.ts'
import type { StreamParser } from '../events/outcome.ts'
import { instantAt, second, spanOf, type Epoch, type Instant } from '../time/instant.ts'
import { deviceRowOf, diskRowOf, type DeviceRow } from './iostat/device-row.ts'
import { createSampleClock } from './iostat/sample-clock.ts'
import { createSampleScanner } from './iostat/sample-scanner.ts'
import { missingStamp, parseStamp } from './iostat/stamp.ts'

export interface IostatOptions {
  readonly origin: Epoch
  readonly sink: DiskSink
  /** iostat ran with -y: its first sample is of a second like the others. */
  readonly skipsFirst?: boolean
  /** The interval iostat was started with; used where the stamps do not tell. */
  readonly periodSeconds?: number
}

/** More devices than any host has; what is beyond is malformed. */
const mostDevices = 16_384

export function createIostatParser(options: IostatOptions): StreamParser {
  const { origin, sink, skipsFirst = false, periodSeconds = 1 } = options
  const clock = createSampleClock(spanOf(periodSeconds * second))
  let isSinceBoot = false
  let at: Instant | undefined
  let isStampBad = false
  let isOpen = false
  let rows: DeviceRow[] = []

  function close(): void {
    isOpen = false
    isSinceBoot = false
    isStampBad = false
    at = undefined
    rows = []
  }

  function deliver(time: Instant): void {
    const span = clock.spanOf(time)
    if (isSinceBoot) sink.ignored('since boot')
    else for (const row of rows) sink.disk(diskRowOf(row, time, span))
  }

  return createSampleScanner({
    document() {
      close()
      clock.restart()
      isSinceBoot = !skipsFirst
    },
    stamp(text, where) {
      // Without its ] the sample before was cut off, and was the first one if any was.
      if (isOpen) close()
      isOpen = true
      const epoch = parseStamp(text)
      if (typeof epoch === 'string') {
        isStampBad = true
        sink.malformed({ reason: epoch, where })
      } else at = instantAt(epoch, origin)
    },
    device(json, where) {
      const row = rowOf(json)
      if (row === undefined) sink.malformed({ reason: 'a device that is not an object of iostat', where })
      else if (rows.length < mostDevices) rows.push(row)
      else if (rows.length === mostDevices) sink.malformed({ reason: `more than ${mostDevices} devices`, where })
    },
    sampleEnd(where) {
      if (at !== undefined) deliver(at)
      else if (!isStampBad) sink.malformed({ reason: missingStamp, where })
      close()
    },
    broken(reason, where) {
      sink.malformed({ reason, where })
    },
  })
}

/** A number with a decimal comma, as sysstat before 12 writes it in some locales: `"r/s": 73,76, "w/s": 0,00`. */
const commaNumber = /(?<=":\s*-?\d+),(?=\d)/g
/** What a division by zero leaves behind: `"util": -nan`. */
const noNumber = /(?<=":\s*)-?(?:nan|inf)/g

function rowOf(json: string): DeviceRow | undefined {
  const fields = objectOf(json) ?? objectOf(json.replace(commaNumber, '.').replace(noNumber, 'null'))
  const device = fields?.['disk_device'] ?? fields?.['device']
  if (fields === undefined || typeof device !== 'string') return undefined
  return deviceRowOf(device, (name) => {
    const value = fields[name]
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined
  })
}

function objectOf(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}
