// Which processes are ours, and what they cost: whylate itself and every child that it started, down to sudo's child.
//
//   /proc/<pid>/task/<tid>/children   9923 9924         (needs CONFIG_PROC_CHILDREN; without it only ourselves)

import { namesIn, readOnce } from './kernel-file.ts'

const mostProcesses = 32
/** Page size of every architecture that this runs on but some arm64 kernels, which are 16 or 64 kB. */
const pageBytes = 4096

/** Ourselves first. */
export function readOwnProcesses(self: number): readonly number[] {
  const own = [self]
  for (let at = 0; at < own.length && own.length < mostProcesses; at++) {
    const pid = own[at] ?? self
    // A child belongs to the thread that forked it: in Node that may be any worker.
    for (const tid of namesIn(`/proc/${pid}/task`)) {
      const children = readOnce(`/proc/${pid}/task/${tid}/children`)?.trim() ?? ''
      if (children !== '') own.push(...children.split(' ').map(Number))
    }
  }
  return own.slice(0, mostProcesses)
}

export interface ProcessUse {
  readonly cpuNs: number
  readonly rssBytes: number
}

/** Of processes that are still there; zeros when none is. */
export function readUseOf(pids: readonly number[]): ProcessUse {
  let ticks = 0
  let pages = 0
  for (const pid of pids) {
    const stat = readOnce(`/proc/${pid}/stat`) ?? ''
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0)
    pages += Number(fields[21] ?? 0)
  }
  return { cpuNs: ticks * 1e7, rssBytes: pages * pageBytes }
}
