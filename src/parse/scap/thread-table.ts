// Who is running: every thread that the process list named or an event came from, and what is known of it.
//
// Names belong to the thread, files to the process. A stranger (an event of a tid that nobody introduced: kernel
// threads, a filtered process list) gets an entry without pid and name, so that its calls can be paired all the same.
// The table is bounded: past the bound the thread that has been known longest is forgotten, and becomes a stranger if
// it goes on.

import { noName, unknown, type NameId } from '../../events/kernel.ts'
import { FdTable, fdBudget, type Fd, type FdBudget } from './fd-table.ts'
import { KeptEnter } from './params.ts'

/** PPM_CL_* of clone flags. */
export const cloneFlag = { files: 1 << 0, thread: 1 << 13, inPidNamespace: 1 << 29 } as const

/** No call open, or no descriptor in it. */
export const none = -2147483648

export class Thread {
  readonly tid: number
  pid: number
  parent: number = unknown
  /** undefined: a stranger. */
  comm: string | undefined
  commId: NameId = noName
  flags = 0
  cwd = ''
  /** Own table or the process's; found when first needed. */
  files: FdTable | undefined
  /** Made by its own exit of clone, before the parent's came. */
  isFromChildSide = false

  /** Type of the enter that no exit has followed yet, and when it was. */
  openType: number = none
  openAt: number = Number.NaN
  /** PPM_SC code and native number of a generic call. */
  openCode = 0
  openNative = 0
  /** Parameters of that enter, for the calls that need them at the exit. */
  kept: KeptEnter | undefined
  /** Descriptor of the call at hand; negative ones but `none` are what the call was given (-1, AT_FDCWD). */
  lastFd: number = none

  /** Its last exit or signal: what lies between that and the next exit is one call and user code. */
  lastEventAt: number = Number.NaN
  leftCpuAt: number = Number.NaN
  gotCpuAt: number = Number.NaN
  /** It has been seen to leave a CPU, to get one: the capture is not filtered against its switches. */
  isSeenLeaving = false
  isSeenComing = false
  /** How well its calls have paired, its switches have chained, so far: see loss-watch.ts. */
  pairTrust = 0
  chainTrust = 0

  constructor(tid: number, pid: number) {
    this.tid = tid
    this.pid = pid
  }
}

const threadLimit = 2 ** 17
const recentThreads = 1024
/** Room for the parameters of open calls goes from one call to the next. */
const sparesLimit = 256

export class ThreadTable {
  readonly #threads = new Map<number, Thread>()
  /** Who was asked for last, by the low bits of the id: one thread is asked for many times in a row. */
  readonly #recent: (Thread | undefined)[] = Array.from({ length: recentThreads }, () => undefined)
  readonly #budget: FdBudget = { left: fdBudget }
  readonly #limit: number
  readonly #spares: KeptEnter[] = []
  /** How many were forgotten for want of room. */
  forgotten = 0

  constructor(limit = threadLimit) {
    this.#limit = limit
  }

  get size(): number {
    return this.#threads.size
  }

  markNames(used: Uint8Array): void {
    const tables = new Set<FdTable>()
    for (const { commId, files } of this.#threads.values()) {
      used[commId] = 1
      if (files !== undefined) tables.add(files)
    }
    for (const files of tables) files.markNames(used)
  }

  find(tid: number): Thread | undefined {
    const recent = this.#recent[tid & (recentThreads - 1)]
    if (recent !== undefined && recent.tid === tid) return recent
    const thread = this.#threads.get(tid)
    if (thread !== undefined) this.#recent[tid & (recentThreads - 1)] = thread
    return thread
  }

  values(): IterableIterator<Thread> {
    return this.#threads.values()
  }

  /** Adds a thread; one of the same id from an earlier life is replaced. */
  add(tid: number, pid: number): Thread {
    this.remove(tid)
    if (this.#threads.size >= this.#limit) {
      for (const oldest of this.#threads.keys()) {
        this.remove(oldest)
        this.forgotten++
        break
      }
    }
    const thread = new Thread(tid, pid)
    this.#threads.set(tid, thread)
    return thread
  }

  remove(tid: number): void {
    const thread = this.#threads.get(tid)
    if (thread === undefined) return
    this.#threads.delete(tid)
    if (this.#recent[tid & (recentThreads - 1)] === thread) this.#recent[tid & (recentThreads - 1)] = undefined
    this.release(thread)
    const { files } = thread
    if (files !== undefined && --files.users === 0) files.clear()
  }

  /** Where to keep the parameters of the call that a thread has open. */
  keptOf(thread: Thread): KeptEnter {
    return (thread.kept ??= this.#spares.pop() ?? new KeptEnter())
  }

  /** The call is over: its parameters are not needed any more. */
  release(thread: Thread): void {
    if (thread.kept === undefined) return
    if (this.#spares.length < sparesLimit) this.#spares.push(thread.kept)
    thread.kept = undefined
  }

  /** The descriptors of a thread: its process's, if it shares them and that one is known. */
  filesOf(thread: Thread): FdTable {
    if (thread.files !== undefined) return thread.files
    const sharesFiles = (thread.flags & cloneFlag.files) !== 0 && thread.pid !== thread.tid
    const main = sharesFiles ? this.#threads.get(thread.pid) : undefined
    if (main === undefined || main === thread) return this.#use(thread, new FdTable(this.#budget))
    return this.#use(thread, main.files ?? this.#use(main, new FdTable(this.#budget)))
  }

  /** A call has made a descriptor, and its row shows it. */
  open(thread: Thread, fd: number, entry: Fd): void {
    this.filesOf(thread).set(fd, entry)
    thread.lastFd = fd
  }

  /** A forked process has what its parent had open. */
  copyFiles(child: Thread, parent: Thread): void {
    this.#use(child, this.filesOf(parent).copy())
  }

  #use(thread: Thread, files: FdTable): FdTable {
    const before = thread.files
    if (before !== undefined && --before.users === 0) before.clear()
    thread.files = files
    files.users++
    return files
  }

  /** Whose working directory it is: threads share the one of their main thread. */
  cwdOwnerOf(thread: Thread): Thread {
    const main = (thread.flags & cloneFlag.thread) === 0 ? undefined : this.#threads.get(thread.pid)
    return main ?? thread
  }
}
