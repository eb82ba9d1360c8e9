// One thread's state and counters, ten times a second: what it did, and how long it waited for a CPU.
//
//   /proc/<pid>/task/<tid>/stat       26675 (keepalived) S 26670 ... fields by proc_pid_stat(5): 3 state, 12 major faults,
//                                     14 and 15 user and system ticks, 20 threads of the process, 39 last CPU
//   /proc/<pid>/task/<tid>/schedstat  21543893 5148050 36        ns on CPU, ns waiting for one, timeslices
//
// comm may hold blanks and brackets, so the fields are counted from the last `)`. The digits go into the line as they
// are: nothing is turned into a number on the way, nothing is rounded.

import { openKernelFile, scratch } from './kernel-file.ts'

export interface SampledThread {
  readonly pid: number
  readonly tid: number
  readonly comm: string
  /** Threads of its process, when it was last read. */
  readonly siblings: number
  /** `"26675":[26675,"keepalived","S",21543893,5148050,36,1,19]`; undefined when it is gone. */
  sample(): string | undefined
  close(): void
}

const openBracket = 0x28
const closeBracket = 0x29
const blank = 0x20
const newline = 0x0a
/** utime and stime count in USER_HZ, which is 100 on every architecture that matters. */
const tickNs = 1e7

export function openSampledThread(pid: number, tid: number): SampledThread | undefined {
  const folder = `/proc/${pid}/task/${tid}`
  const stat = openKernelFile(`${folder}/stat`)
  if (stat === undefined) return undefined
  // Missing in kernels without CONFIG_SCHED_INFO.
  const schedstat = openKernelFile(`${folder}/schedstat`)
  const head = `"${tid}":[${pid},`
  const fields = new Int32Array(64)
  let commBytes = Buffer.alloc(0)
  let comm = ''
  let commJson = '""'
  let siblings = 0

  function readComm(from: number, to: number): void {
    if (commBytes.length === to - from && commBytes.compare(scratch, from, to) === 0) return
    commBytes = Buffer.from(scratch.subarray(from, to))
    comm = commBytes.toString()
    commJson = JSON.stringify(comm)
  }

  /** Where each field begins, field 3 first; the number of the last one. */
  function splitFields(from: number, length: number): number {
    let field = 3
    fields[field] = from
    for (let at = from; at < length; at++) {
      if (scratch[at] === blank || scratch[at] === newline) fields[++field] = at + 1
      if (field === 40) break
    }
    return field
  }

  const digits = (field: number): string => scratch.toString('latin1', fields[field], (fields[field + 1] ?? 1) - 1)

  function onCpu(ticks: number): string {
    const length = schedstat?.read()
    if (length === undefined) return `${ticks * tickNs},null,null`
    return scratch.toString('latin1', 0, length).trimEnd().replaceAll(' ', ',')
  }

  return {
    pid,
    tid,
    get comm() {
      return comm
    },
    get siblings() {
      return siblings
    },
    sample() {
      const length = stat.read()
      if (length === undefined) return undefined
      const end = scratch.lastIndexOf(closeBracket, length - 1)
      if (end === -1) return undefined
      readComm(scratch.indexOf(openBracket) + 1, end)
      if (splitFields(end + 2, length) < 40) return undefined
      const state = digits(3)
      const majorFaults = digits(12)
      const cpu = digits(39)
      siblings = Number(digits(20))
      const ticks = schedstat === undefined ? Number(digits(14)) + Number(digits(15)) : 0
      return `${head}${commJson},"${state}",${onCpu(ticks)},${cpu},${majorFaults}]`
    },
    close() {
      stat.close()
      schedstat?.close()
    },
  }
}
