// Who can put adverts on a link of this host: every keepalived, and every process that holds a tap (design section 4).
//
//   link -> tap -> the qemu that holds it -> its name -> its vCPU, I/O and vhost threads
//   link in a network namespace -> the keepalived that has the advert's source address
//
// Asked every two seconds. What changes rarely (taps, names, addresses) is read again every tenth second only, or when
// the process is new.

import type { GuestDisk, Sender } from '../../events/host.ts'
import { readDisksOf } from './guest-disks.ts'
import { namesIn, readLink } from './kernel-file.ts'
import { keepalivedRoleOf, readHoldsVrrpSocket } from './keepalived.ts'
import { readLocalAddresses } from './local-addresses.ts'
import { createProcessScan, type Candidate } from './process-scan.ts'
import { qemuThreadRoleOf, readGuestName, readTapsOf } from './qemu.ts'
import { readCardsOf, readHeardBehind } from './tap-macs.ts'
import { createTapSearch } from './tap-search.ts'

interface ThreadNames {
  threadsOf(pid: number): readonly { readonly tid: number; readonly comm: string }[]
}

export interface SenderFinder {
  /** A new search of /proc; what it found is in `processes`. */
  scan(): void
  /** The small part of a search that is done at each tick. True when it found somebody. */
  step(): boolean
  /** Pids whose threads are to be followed: senders, and the vhost kernel threads of qemus. Keepalived first. */
  readonly processes: readonly number[]
  /** As values, with the names of the threads that are sampled by now. */
  senders(threads: ThreadNames): readonly Sender[]
}

/** What is known of a process for longer than one scan. */
interface Details {
  readonly startedAt: number
  readonly name: string | undefined
  readonly taps: readonly string[]
  /** MACs of its guest's cards, by tap. */
  readonly cards: ReadonlyMap<string, readonly string[]>
  readonly addresses: readonly string[]
  readonly files: Readonly<Record<string, string>>
  readonly holdsVrrpSocket: boolean
  readonly disks: readonly GuestDisk[]
}

const refreshEvery = 5
const mostFiles = 256
const mostSenders = 256

export function createSenderFinder(): SenderFinder {
  const scanner = createProcessScan()
  const search = createTapSearch()
  let details = new Map<number, Details>()
  let candidates = new Map<number, Candidate>()
  let scans = 0

  function detailsOf(candidate: Candidate): Details {
    const known = details.get(candidate.pid)
    const isFresh = (scans + candidate.pid) % refreshEvery !== 0
    return known !== undefined && known.startedAt === candidate.startedAt && isFresh ? known : readDetails(candidate)
  }

  /** Processes that hold a tap and are called neither qemu nor keepalived. */
  function others(present: ReadonlySet<number>): readonly Candidate[] {
    return [...search.holders].flatMap((pid) => {
      if (present.has(pid)) return []
      const isHolder = scanner.pids.includes(pid) && readTapsOf(pid).length > 0
      if (!isHolder) search.forget(pid)
      return isHolder ? [{ pid, comm: '', parent: 0, startedAt: 0, kind: 'qemu' as const }] : []
    })
  }

  function scan(): void {
    scans++
    const found = scanner.scan().slice(0, mostSenders)
    const all = [...found, ...others(new Set(found.map(({ pid }) => pid)))]
    const known = new Map<number, Details>()
    for (const candidate of all) if (candidate.kind !== 'vhost') known.set(candidate.pid, detailsOf(candidate))
    details = known
    candidates = new Map(all.map((candidate) => [candidate.pid, candidate]))
    search.look(new Set([...details.values()].flatMap(({ taps }) => taps)), scanner.pids)
  }

  const vhostsOf = (pid: number): readonly Candidate[] =>
    [...candidates.values()].filter(({ kind, comm }) => kind === 'vhost' && comm === `vhost-${pid}`)

  const isSender = ({ kind, pid }: Candidate): boolean =>
    kind === 'keepalived' || (kind === 'qemu' && (details.get(pid)?.taps.length ?? 0) > 0)

  function senderOf(candidate: Candidate, names: ThreadNames): Sender {
    const { pid, kind } = candidate
    const known = details.get(pid)
    const own = names.threadsOf(pid)
    const comm = candidate.comm === '' ? (own.find(({ tid }) => tid === pid)?.comm ?? '') : candidate.comm
    const rest = { pid, comm, addresses: known?.addresses ?? [], links: known?.taps ?? [], files: known?.files ?? {} }
    if (kind === 'keepalived') {
      const parent = candidates.get(candidate.parent)
      const grandparent = parent?.kind === 'keepalived' ? candidates.get(parent.parent) : undefined
      const family = {
        comm,
        parent: parent?.kind === 'keepalived' ? parent.pid : undefined,
        grandparent: grandparent?.kind === 'keepalived' ? grandparent.pid : undefined,
      }
      const role = keepalivedRoleOf(family, known?.holdsVrrpSocket ?? false)
      return {
        ...rest,
        name: 'keepalived',
        kind,
        threads: own.map((thread) => ({ tid: thread.tid, comm: thread.comm, role })),
      }
    }
    const threads = [...own, ...vhostsOf(pid).flatMap((vhost) => names.threadsOf(vhost.pid))]
    return {
      ...rest,
      name: known?.name ?? comm,
      kind: 'qemu',
      ...macsOf(pid, known),
      disks: known?.disks ?? [],
      threads: threads.map((thread) => ({
        tid: thread.tid,
        comm: thread.comm,
        role: qemuThreadRoleOf(thread.comm, thread.tid === pid),
      })),
    }
  }

  return {
    scan,
    step: () => search.step(),
    get processes() {
      const senders = [...candidates.values()].filter(isSender)
      const ranked = [
        ...senders.filter(({ kind }) => kind === 'keepalived'),
        ...senders.filter(({ kind }) => kind === 'qemu'),
      ]
      return ranked.flatMap(({ pid, kind }) => [
        pid,
        ...(kind === 'qemu' ? vhostsOf(pid).map((vhost) => vhost.pid) : []),
      ])
    },
    senders: (names) => [...candidates.values()].filter(isSender).map((candidate) => senderOf(candidate, names)),
  }
}

/** What the bridge has heard moves with a virtual router's MAC: read anew each time. */
function macsOf(pid: number, known: Details | undefined): { readonly macs?: NonNullable<Sender['macs']> } {
  const macs = (known?.taps ?? []).flatMap((tap) => {
    const all = [...new Set([...(known?.cards.get(tap) ?? []), ...readHeardBehind(pid, tap)])]
    return all.length === 0 ? [] : [[tap, all] as const]
  })
  return macs.length === 0 ? {} : { macs: Object.fromEntries(macs) }
}

function readDetails({ pid, kind, startedAt }: Candidate): Details {
  const files = readFilesOf(pid)
  const isKeepalived = kind === 'keepalived'
  const taps = isKeepalived ? [] : readTapsOf(pid)
  return {
    startedAt,
    files,
    name: isKeepalived ? undefined : readGuestName(pid),
    taps,
    cards: readCardsOf(pid, taps),
    addresses: isKeepalived ? readLocalAddresses(pid) : [],
    holdsVrrpSocket: isKeepalived && readHoldsVrrpSocket(pid, files),
    disks: isKeepalived ? [] : readDisksOf(pid, files),
  }
}

/** Open files by descriptor, the lowest first. */
function readFilesOf(pid: number): Readonly<Record<string, string>> {
  const files: Record<string, string> = {}
  const descriptors = namesIn(`/proc/${pid}/fd`)
    .map(Number)
    .sort((a, b) => a - b)
  for (const fd of descriptors.slice(0, mostFiles)) {
    const file = readLink(`/proc/${pid}/fd/${fd}`)
    if (file !== undefined) files[fd] = file.slice(0, 1024)
  }
  return files
}
