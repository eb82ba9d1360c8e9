// Which MACs live behind a tap: those of the guest's cards, and those that the bridge has heard from that port.
//
//   /proc/<pid>/cmdline                             -device virtio-net-pci,netdev=n0,mac=52:54:00:20:5a:01
//   /sys/class/net/<tap>/brport/port_no             0x1
//   /sys/class/net/<tap>/master/brforward           16 bytes an entry: MAC, port, is it the bridge's own, age, port (high byte)
//
// A capture of one link does not say which way a frame went; its MAC, against these, does. A virtual router's MAC is its
// guest's only where the bridge says so: both routers send from it. Source: linux/if_bridge.h, struct __fdb_entry.

import { closeSync, openSync, readSync } from 'node:fs'
import { readOnce } from './kernel-file.ts'

const entryBytes = 16
/** More are not looked at: what a guest says is learnt, and a guest can say anything. */
const mostBytes = entryBytes * 4096
const mostPerTap = 64

/** One option of a value, which libvirt writes as JSON and people with commas. */
function optionOf(value: string, key: string): string | undefined {
  const quoted = new RegExp(`"${key}"\\s*:\\s*"([^"]*)"`).exec(value)?.[1]
  return quoted ?? new RegExp(`(?:^|,)${key}=([^,]*)`).exec(value)?.[1]
}

const macPattern = /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/

/** By tap. `links`: those that it holds, of which the command line may not say which is which card's. */
export function cardsOf(args: readonly string[], links: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const valuesOf = (name: string): string[] =>
    args.flatMap((arg, i) => (arg === `-${name}` || arg === `--${name}` ? (args[i + 1] ?? []) : []))
  const taps = new Map(valuesOf('netdev').map((value) => [optionOf(value, 'id'), optionOf(value, 'ifname')]))
  const found = new Map<string, string[]>()
  for (const value of valuesOf('device')) {
    const mac = optionOf(value, 'mac')?.toLowerCase()
    if (mac === undefined || !macPattern.test(mac)) continue
    const tap = taps.get(optionOf(value, 'netdev'))
    // libvirt hands over descriptors, and any of its cards is the guest.
    for (const link of tap === undefined ? links : [tap]) found.set(link, [...(found.get(link) ?? []), mac])
  }
  return found
}

export const readCardsOf = (pid: number, links: readonly string[]): ReadonlyMap<string, readonly string[]> =>
  cardsOf((readOnce(`/proc/${pid}/cmdline`) ?? '').split('\0'), links)

/** MACs that this port was heard from; the bridge's own are none of them. */
export function heardFrom(port: number, table: Buffer): string[] {
  const found: string[] = []
  for (let at = 0; at + entryBytes <= table.length && found.length < mostPerTap; at += entryBytes) {
    const number = (table[at + 6] ?? 0) | ((table[at + 12] ?? 0) << 8)
    if (number !== port || table[at + 7] !== 0) continue
    found.push([...table.subarray(at, at + 6)].map((byte) => byte.toString(16).padStart(2, '0')).join(':'))
  }
  return found.toSorted()
}

function readBytes(path: string): Buffer | undefined {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return undefined
  }
  try {
    const table = Buffer.allocUnsafe(mostBytes)
    let length = 0
    for (;;) {
      // One page at most comes at a time.
      const read = readSync(fd, table, length, mostBytes - length, length)
      length += read
      if (read === 0 || length === mostBytes) return table.subarray(0, length)
    }
  } catch {
    return undefined
  } finally {
    closeSync(fd)
  }
}

/** /sys shows the links of the namespace that it was mounted in: a qemu in another one has its own. */
export function readHeardBehind(pid: number, tap: string): readonly string[] {
  for (const root of [`/proc/${pid}/root`, '']) {
    const folder = `${root}/sys/class/net/${tap}`
    const port = Number(readOnce(`${folder}/brport/port_no`)?.trim())
    if (!Number.isInteger(port)) continue
    return heardFrom(port, readBytes(`${folder}/master/brforward`) ?? Buffer.alloc(0))
  }
  return []
}
