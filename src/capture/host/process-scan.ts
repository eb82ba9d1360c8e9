// Finds the processes that could send adverts, cheaply, over and over: a node may have thousands.
//
// One look at a process is one read of /proc/<pid>/stat and one of its exe link. A process is looked at when it is new,
// twice more (a shell that becomes keepalived by exec has its comm for a moment), and then in every sixteenth scan only.

import { namesIn, readLink, readOnce } from './kernel-file.ts'

export type CandidateKind = 'keepalived' | 'qemu' | 'vhost'

export interface Candidate {
  readonly pid: number
  readonly comm: string
  readonly parent: number
  /** Ticks since boot: with the pid it names a process for good. */
  readonly startedAt: number
  readonly kind: CandidateKind
}

export interface ProcessScan {
  /** All candidates there are now, in order of pid. */
  scan(): readonly Candidate[]
  /** Every pid of the last scan. */
  readonly pids: readonly number[]
}

const earlyLooks = 3
const sweep = 16

interface Known {
  looks: number
  candidate: Candidate | undefined
}

export function createProcessScan(): ProcessScan {
  let known = new Map<number, Known>()
  let pids: readonly number[] = []
  let turn = 0
  return {
    scan() {
      turn = (turn + 1) % sweep
      const before = known
      known = new Map()
      pids = namesIn('/proc')
        .filter((name) => name.charCodeAt(0) <= 0x39)
        .map(Number)
      for (const pid of pids) {
        const one = before.get(pid) ?? { looks: 0, candidate: undefined }
        if (one.looks < earlyLooks || one.candidate !== undefined || pid % sweep === turn) {
          one.candidate = lookAt(pid)
          one.looks++
        }
        known.set(pid, one)
      }
      return [...known.values()].flatMap(({ candidate }) => (candidate === undefined ? [] : [candidate]))
    },
    get pids() {
      return pids
    },
  }
}

function lookAt(pid: number): Candidate | undefined {
  const stat = readOnce(`/proc/${pid}/stat`)
  const end = stat?.lastIndexOf(')') ?? -1
  if (stat === undefined || end === -1) return undefined
  const comm = stat.slice(stat.indexOf('(') + 1, end)
  const kind =
    kindOf(comm) ?? (readLink(`/proc/${pid}/exe`)?.endsWith('/keepalived') === true ? 'keepalived' : undefined)
  if (kind === undefined) return undefined
  const fields = stat.slice(end + 2).split(' ')
  return { pid, comm, kind, parent: Number(fields[1]), startedAt: Number(fields[19]) }
}

export function kindOf(comm: string): CandidateKind | undefined {
  if (comm.startsWith('keepalived')) return 'keepalived'
  if (comm.startsWith('qemu') || comm === 'kvm' || comm.startsWith('CPU ')) return 'qemu'
  return /^vhost-\d+$/.test(comm) ? 'vhost' : undefined
}
