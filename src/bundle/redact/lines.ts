// The lines of bpftrace, of the host sampler and of iostat without anybody's names: each as it was, but for the words that
// are names. What cannot be understood cannot be cleaned, and is left out.

import { shapes } from '../../parse/bpftrace/event-line.ts'
import type { RedactedWords } from './words.ts'

/** undefined: nobody can tell what stands in it. */
export type RedactLine = (line: string) => string | undefined

/** Where mode, family, protocol, port and address stand among the numbers. */
const fileAt: Readonly<Record<string, number>> = { E: 4, F: 6 }
const bareLine = /^(?:\(\d{5}, \d{1,18}, H\)|B\t\d{5}\t\d{1,3}\t\d{1,18}\t\d{1,10}|Lost \d{1,15} events)$/

export function bpftraceLines({ word, address }: RedactedWords): RedactLine {
  /** As it lies in memory: big-endian. */
  function addressNumber(value: number): number {
    if (value === 0) return 0
    const text = [0, 8, 16, 24].map((shift) => (value >>> shift) & 255).join('.')
    return address(text)
      .split('.')
      .reduce((sum, one, i) => sum + Number(one) * 2 ** (8 * i), 0)
  }
  return (line) => {
    if (bareLine.test(line)) return line
    const fields = line.split('\t')
    const kind = fields[0] ?? ''
    const shape = shapes[kind]
    if (shape === undefined || fields.length < 5 + shape[0]) return undefined
    const numbers = fields.slice(5, 5 + shape[0])
    if (![...fields.slice(1, 5), ...numbers].every((one) => /^-?\d{1,20}$/.test(one))) return undefined
    const texts = fields.slice(5 + shape[0])
    const at = fileAt[kind]
    const family = at === undefined ? 0 : Number(numbers[at + 1])
    if (at !== undefined && (family === 2 || family === 10))
      numbers[at + 4] = family === 2 ? String(addressNumber(Number(numbers[at + 4]))) : '0'
    // A disk request's first word is what it did.
    const words = texts.map((one, i) => (kind === 'R' && i === 0 ? one : word(one)))
    return [...fields.slice(0, 5), ...numbers, ...words].join('\t')
  }
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

const safeFacts = new Set(['virtualisation', 'cpu', 'cpus', 'os', 'kernel', 'arch', 'modules'])

export function hostLines({ word, address, names }: RedactedWords): RedactLine {
  const strings = (value: Json | undefined, change: (text: string) => string): Json => {
    if (typeof value === 'string') return change(value)
    if (Array.isArray(value)) return value.map((one: Json) => strings(one, change))
    return value ?? null
  }
  const entries = (value: Json | undefined, change: (key: string, inner: Json) => readonly [string, Json]): Json =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).map(([key, inner]) => change(key, inner)))
      : null
  /** `io iothread-1`: behind it stands what its owner calls it. */
  const role = (text: string): string => (text.startsWith('io ') ? `io ${word(text.slice(3))}` : word(text))
  const vhost = (key: string, inner: Json): readonly [string, Json] => [
    key,
    key === 'because' ? strings(inner, (text) => names.text(text)) : typeof inner === 'string' ? '' : inner,
  ]
  const threadKeys: Readonly<Record<string, (text: string) => string>> = { comm: word, role }
  const senderKeys: Readonly<Record<string, (value: Json) => Json>> = {
    pid: (value) => value,
    kind: (value) => value,
    comm: (value) => strings(value, word),
    name: (value) => strings(value, word),
    links: (value) => strings(value, (text) => names.name(text)),
    addresses: (value) => strings(value, address),
    macs: (value) => entries(value, (link, all) => [names.name(link), strings(all, (text) => names.mac(text))]),
    files: (value) => entries(value, (key, inner) => [key, strings(inner, word)]),
    vhost: (value) => entries(value, vhost),
    disks: (value) =>
      Array.isArray(value) ? value.map((one: Json) => entries(one, (key, inner) => [key, strings(inner, word)])) : null,
    threads: (value) =>
      Array.isArray(value)
        ? value.map((one: Json) => entries(one, (key, inner) => [key, strings(inner, threadKeys[key] ?? word)]))
        : null,
  }
  const keys: Readonly<Record<string, (value: Json) => Json>> = {
    ns: (value) => value,
    mono: (value) => value,
    psi: (value) => value,
    vmstat: (value) => value,
    steal: (value) => value,
    own: (value) => value,
    // tid: [pid, comm, state, …]
    th: (value) =>
      entries(value, (tid, row) => [
        tid,
        Array.isArray(row)
          ? row.map((one: Json, i) => (i === 1 ? strings(one, word) : strings(one, (text) => text.slice(0, 1))))
          : null,
      ]),
    cg: (value) => entries(value, (path, files) => [word(path), files]),
    cgOf: (value) => entries(value, (pid, paths) => [pid, strings(paths, word)]),
    inflight: (value) => entries(value, (device, counts) => [word(device), counts]),
    facts: (value) =>
      entries(value, (key, fact) => [
        key,
        safeFacts.has(key) ? fact : strings(fact, key === 'host' ? word : (text) => names.text(text)),
      ]),
    senders: (value) =>
      Array.isArray(value)
        ? value.map((one: Json) => entries(one, (key, inner) => [key, senderKeys[key]?.(inner) ?? null]))
        : null,
  }
  return (line) => {
    try {
      // 19 digits do not fit a double: they are kept as text and put back.
      const value = JSON.parse(line.replaceAll(/(?<=[:[,]\s*)(\d{16,})(?=[,\]}\s])/g, '"#ns$1"')) as Json
      const clean = entries(value, (key, inner) => [key, keys[key]?.(inner) ?? null])
      return JSON.stringify(clean).replaceAll(/"#ns(\d{16,})"/g, '$1')
    } catch {
      return undefined
    }
  }
}

/** Anything iostat says is a number but these. */
export function iostatLines({ word }: RedactedWords): RedactLine {
  return (line) =>
    line.replaceAll(
      /("(?:disk_device|nodename)":\s*)"((?:[^"\\]|\\.)*)"/g,
      (_, key: string, name: string) => `${key}${JSON.stringify(word(name))}`,
    )
}
