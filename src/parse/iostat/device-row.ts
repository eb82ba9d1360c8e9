// Which column of iostat is which, in all the versions that name them differently.
//
//   sysstat 12.6   r/s w/s d/s f/s rkB/s wkB/s ... r_await w_await d_await f_await ... aqu-sz util
//   sysstat 11     r/s w/s rkB/s wkB/s ... r_await w_await aqu-sz (before 11.7: avgqu-sz) svctm util
//   `iostat -m`    rMB/s wMB/s in place of rkB/s wkB/s
//
// Old `await` is the mean over reads and writes together: it is neither of the two and is left out.

import type { DiskRow } from '../../events/disk.ts'
import type { Instant, Span } from '../../time/instant.ts'

/** A row without its time: that is known when the sample is whole. */
export type DeviceRow = Omit<DiskRow, 'at' | 'span'>

/** `column`: the number under that name; undefined where this version has no such column. */
export function deviceRowOf(device: string, column: (name: string) => number | undefined): DeviceRow {
  const kilobytes = (letter: 'r' | 'w'): number => column(`${letter}kB/s`) ?? (column(`${letter}MB/s`) ?? NaN) * 1024
  return {
    device,
    readsPerSecond: column('r/s') ?? NaN,
    writesPerSecond: column('w/s') ?? NaN,
    readKbPerSecond: kilobytes('r'),
    writeKbPerSecond: kilobytes('w'),
    readAwaitMs: column('r_await') ?? NaN,
    writeAwaitMs: column('w_await') ?? NaN,
    flushAwaitMs: column('f_await'),
    queue: column('aqu-sz') ?? column('avgqu-sz') ?? NaN,
    utilisation: column('util') ?? NaN,
  }
}

export function diskRowOf(row: DeviceRow, at: Instant, span: Span): DiskRow {
  return { at, span, ...row }
}

/** A decimal number, with the point or comma of the locale that iostat ran in. */
export function numberOf(text: string): number | undefined {
  return /^-?\d+(?:[.,]\d+)?$/.test(text) ? Number(text.replace(',', '.')) : undefined
}
