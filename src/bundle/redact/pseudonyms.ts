// Names that a shared export bears instead of the real ones: the same for the same throughout one export, and nobody's.
//
//   192.168.205.11  ->  198.18.77.3          fe80::5054:ff:fe20:5a01  ->  fd00::9c1d:…        02:… for a MAC
//   web-shop-01     ->  name-5d2ac4f0
//
// Keyed: without the key nobody can hash guesses until one fits. Numbers that are the protocol's own stay (224.0.0.18,
// ff02::12, the virtual MACs, 127.0.0.1), and so do names that say nothing of anybody: those of public programs.

import { createHmac, randomBytes } from 'node:crypto'

export interface Pseudonyms {
  ipv4(address: string): string
  ipv6(address: string): string
  mac(address: string): string
  name(text: string): string
  /** Names that stand in sentences; to be told before the first sentence. */
  learn(names: Iterable<string>): void
  /** Any text: addresses, paths and every name that was learnt are replaced. */
  text(text: string): string
}

const publicPrograms =
  /^(?:keepalived(?:_vrrp)?|qemu-system-\w+|qemu-kvm|tcpdump|sysdig|bpftrace|iostat|whylate|swapper(?:\/\d+)?|tap|any|lo)$/
/** What the report says itself; a process that is called so is none the wiser. */
const shortestName = 2

const ipv4Pattern = /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\w)/g
const ipv6Pattern = /(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?![\w:])/g
const macPattern = /(?<![\w:])(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}(?![\w:])/g
const pathPattern = /(?<![\w/.])\/[^\s,;:'"”“)(\]]{1,4096}/g

const isProtocolsOwn = (address: string): boolean =>
  /^(?:22[4-9]|23\d)\.|^127\.|^0\.0\.0\.0$|^255\./.test(address) || /^ff|^::1?$/i.test(address)
/** Virtual routers, multicast, broadcast, nothing. */
const isProtocolsMac = (mac: string): boolean => /^(?:00:00:5e:00|01:00:5e|33:33|ff:ff:ff|00:00:00:00)/i.test(mac)

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`)

export function createPseudonyms(key = randomBytes(32).toString('hex')): Pseudonyms {
  const known = new Map<string, string>()
  const taken = new Set<string>()
  const names = new Set<string>()
  let pattern: RegExp | undefined

  function digest(kind: string, text: string, attempt: number): Buffer {
    return createHmac('sha256', key).update(`${kind}\0${attempt}\0${text}`).digest()
  }

  /** Two inputs never share one. */
  function once(kind: string, text: string, form: (bytes: Buffer) => string): string {
    const id = `${kind} ${text}`
    const made = known.get(id)
    if (made !== undefined) return made
    for (let attempt = 0; ; attempt++) {
      const one = form(digest(kind, text, attempt))
      if (taken.has(one) || one === text) continue
      taken.add(one)
      known.set(id, one)
      return one
    }
  }

  const hex = (bytes: Buffer, from: number, to: number): string => bytes.subarray(from, to).toString('hex')

  const ipv4 = (address: string): string =>
    isProtocolsOwn(address)
      ? address
      : once('ipv4', address, (bytes) => `198.${18 + ((bytes[0] ?? 0) & 1)}.${bytes[1]}.${1 + ((bytes[2] ?? 0) % 254)}`)
  const ipv6 = (address: string): string =>
    isProtocolsOwn(address)
      ? address
      : once('ipv6', address.toLowerCase(), (bytes) => {
          // No group is 0, so there is one way to write it.
          const groups = [0, 2, 4].map((at) => ((bytes.readUInt16BE(at) | 0x1000) >>> 0).toString(16))
          return `fd00::${groups.join(':')}`
        })
  const mac = (address: string): string =>
    isProtocolsMac(address)
      ? address
      : once(
          'mac',
          address.toLowerCase(),
          (bytes) => `02:${[0, 1, 2, 3, 4].map((at) => hex(bytes, at, at + 1)).join(':')}`,
        )
  const name = (text: string): string =>
    text === '' || publicPrograms.test(text) ? text : once('name', text, (bytes) => `name-${hex(bytes, 0, 5)}`)
  const path = (text: string): string => once('path', text, (bytes) => `/file-${hex(bytes, 0, 5)}`)

  function namesPattern(): RegExp | undefined {
    if (pattern !== undefined || names.size === 0) return pattern
    const longestFirst = [...names].toSorted((a, b) => b.length - a.length || (a < b ? -1 : 1))
    pattern = new RegExp(`(?<![A-Za-z0-9_])(?:${longestFirst.map(escaped).join('|')})(?![A-Za-z0-9_])`, 'g')
    return pattern
  }

  return {
    ipv4,
    ipv6,
    mac,
    name,
    learn(all) {
      for (const one of all) {
        const text = one.trim()
        if (text.length < shortestName || /^\d+$/.test(text) || publicPrograms.test(text)) continue
        if (text.startsWith('/') || isAddress(text)) continue
        names.add(text)
        pattern = undefined
      }
    },
    text(text) {
      const found = namesPattern()
      // Names before paths and addresses: `web[10.1.2.3]` is a name, too.
      const named = found === undefined ? text : text.replace(found, name)
      return named
        .replace(macPattern, mac)
        .replace(pathPattern, path)
        .replace(ipv4Pattern, ipv4)
        .replace(ipv6Pattern, (one) => (one.length > 4 && /[0-9a-f]/i.test(one) ? ipv6(one) : one))
    },
  }
}

const isAddress = (text: string): boolean => /^(?:\d{1,3}\.){3}\d{1,3}$|^[0-9a-f:]*:[0-9a-f:]*:[0-9a-f:.]*$/i.test(text)
