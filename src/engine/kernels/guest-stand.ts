// A guest that says nothing: does it stand still, or is the way to it cut? The host's samples of its qemu say which.

import type { Flow } from '../../diagnose/finding.ts'
import type { Store } from '../../store/store.ts'
import { before, second, spanOf, type Instant } from '../../time/instant.ts'
import type { KernelVantages } from './kernel-vantages.ts'
import type { Senders } from '../senders/senders.ts'

export interface StandParts {
  readonly part: string
  readonly kernels: Pick<KernelVantages, 'guestOf'>
  readonly senders: Senders
  readonly store: Store
  readonly flows: readonly Flow[]
  readonly now: Instant
}

interface Course {
  readonly comm: string
  readonly firstSlices: number
  state: string
  slices: number
}

const lookBack = spanOf(1.5 * second)
const isStopped = ({ state }: Course): boolean => state === 'T' || state === 't'
const isVcpu = ({ comm }: Course): boolean => /^CPU \d+\//.test(comm)

function coursesOf(tids: ReadonlySet<number>, { store, now }: StandParts): Course[] {
  const courses = new Map<number, Course>()
  for (const { cells, from, to } of store.threads.slices({ from: before(now, lookBack), to: now })) {
    for (let i = from; i < to; i++) {
      const tid = cells.tid[i] ?? 0
      if (!tids.has(tid)) continue
      const slices = cells.slices[i] ?? Number.NaN
      const known = courses.get(tid) ?? {
        comm: store.names.textOf(cells.commName[i] ?? 0),
        firstSlices: slices,
        state: '',
        slices,
      }
      known.state = String.fromCharCode(cells.state[i] ?? 0)
      known.slices = slices
      courses.set(tid, known)
    }
  }
  return [...courses.values()]
}

/** The rest of a sentence about the guest; undefined where nobody knows its qemu. */
export function standOf(parts: StandParts): string | undefined {
  const { part, kernels, senders, flows } = parts
  const flow = flows.find((one) => kernels.guestOf(one)?.name === part)
  const qemu = flow === undefined ? undefined : senders.senderOf(flow)
  if (qemu?.kind !== 'qemu') return undefined
  const courses = coursesOf(new Set(qemu.tids), parts)
  const who = `its qemu (${qemu.pid})`
  if (courses.length === 0) return `${who} is not seen any more`
  if (courses.every(isStopped)) return `${who} is stopped`
  const vcpus = courses.filter(isVcpu)
  if (vcpus.length > 0 && vcpus.every((one) => one.slices === one.firstSlices)) return `${who} runs, its vCPUs do not`
  return `${who} and its vCPUs run: it hangs inside, or the way to it is cut`
}
