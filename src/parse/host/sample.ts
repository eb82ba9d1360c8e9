// One tick of the sampler, from its JSON to a HostSample. What has the wrong shape is left out and complained of once.

import type { CgroupSample, HostSample, Pressure, ThreadSample } from '../../events/host.ts'
import type { Instant } from '../../time/instant.ts'
import { entriesIn, isRecord, numberIn, textIn, textsIn, type Fields } from './fields.ts'

/** `complaints` takes a sentence for each part that could not be read. */
export function readSample(value: Fields, at: Instant, monotonicNs: number, complaints: string[]): HostSample {
  const own = value['own']
  return {
    at,
    monotonicNs,
    threads: threadsOf(value['th'], complaints),
    pressure: {
      cpu: pressureOf(value['psi'], 'cpu'),
      io: pressureOf(value['psi'], 'io'),
      memory: pressureOf(value['psi'], 'memory'),
    },
    cgroups: entriesIn(value['cg']).map(([path, files]) => cgroupOf(path, files)),
    inflight: inflightOf(value['inflight']),
    vmstat: numbersOf(value['vmstat']),
    stealTicks: numberIn(value['steal']),
    ...(isRecord(value['cgOf']) ? { cgroupsOf: membershipOf(value['cgOf']) } : {}),
    ...(Array.isArray(own) ? { own: own.filter((tid): tid is number => Number.isInteger(tid)) } : {}),
  }
}

function threadsOf(value: unknown, complaints: string[]): readonly ThreadSample[] {
  const threads: ThreadSample[] = []
  let unreadable = 0
  for (const [tid, fields] of entriesIn(value)) {
    const thread = threadOf(tid, fields)
    if (thread === undefined) unreadable++
    else threads.push(thread)
  }
  if (unreadable > 0) complaints.push(`${unreadable} threads that could not be read`)
  return threads
}

function threadOf(tid: string, fields: unknown): ThreadSample | undefined {
  if (!Array.isArray(fields) || !/^\d{1,10}$/.test(tid)) return undefined
  const [pid, comm, state, onCpuNs, runDelayNs, slices, cpu, majorFaults] = fields as readonly unknown[]
  const known = numberIn(pid)
  const onCpu = numberIn(onCpuNs)
  if (known === undefined || onCpu === undefined) return undefined
  return {
    tid: Number(tid),
    pid: known,
    comm: textIn(comm) ?? '',
    state: (textIn(state) ?? '?').slice(0, 1),
    onCpuNs: onCpu,
    runDelayNs: numberIn(runDelayNs) ?? NaN,
    slices: numberIn(slices) ?? NaN,
    cpu: numberIn(cpu) ?? -1,
    majorFaults: numberIn(majorFaults) ?? NaN,
  }
}

function membershipOf(value: Fields): ReadonlyMap<number, readonly string[]> {
  const entries = entriesIn(value).filter(([pid]) => /^\d{1,10}$/.test(pid))
  return new Map(entries.map(([pid, folders]) => [Number(pid), textsIn(folders)]))
}

function pressureOf(psi: unknown, resource: 'cpu' | 'io' | 'memory'): Pressure | undefined {
  const pair = isRecord(psi) ? psi[resource] : undefined
  if (!Array.isArray(pair)) return undefined
  const someUs = numberIn(pair[0])
  return someUs === undefined ? undefined : { someUs, fullUs: numberIn(pair[1]) ?? 0 }
}

function cgroupOf(path: string, files: unknown): CgroupSample {
  const texts: Record<string, string> = {}
  for (const [name, text] of entriesIn(files)) if (typeof text === 'string') texts[name] = text
  return { path, files: texts }
}

function inflightOf(value: unknown): HostSample['inflight'] {
  const devices: { readonly device: string; readonly reads: number; readonly writes: number }[] = []
  for (const [device, pair] of entriesIn(value)) {
    if (!Array.isArray(pair)) continue
    const reads = numberIn(pair[0])
    const writes = numberIn(pair[1])
    if (reads !== undefined && writes !== undefined) devices.push({ device, reads, writes })
  }
  return devices
}

function numbersOf(value: unknown): Readonly<Record<string, number>> {
  const numbers: Record<string, number> = {}
  for (const [key, one] of entriesIn(value)) if (typeof one === 'number') numbers[key] = one
  return numbers
}
