// Who is born, who becomes another program, who ends, who takes another name.
//
// A clone has two exits: the parent's (result = child) and the child's own (result 0), in either order, with vfork always
// the child's first. Whichever comes first makes the child, the second changes nothing. With pid namespaces the parent's
// result is a number of the inside, so the child's own exit is waited for.

import { noName, processChanges, unknown, type KernelSink, type ProcessChange } from '../../events/kernel.ts'
import { idOf, intOf, isThere, textOf, uintOf } from './call-parameters.ts'
import { deed, position } from './event-tables.ts'
import { commOfPath, cutComm } from './comm.ts'
import type { ScapEvent } from './scap-event.ts'
import type { Scene } from './scene.ts'
import { cloneFlag, type Thread, type ThreadTable } from './thread-table.ts'

const prSetName = 15
const changeOf = (change: ProcessChange): number => processChanges.indexOf(change)
const fork = changeOf('fork')
const newThread = changeOf('thread')
const exec = changeOf('exec')
const exit = changeOf('exit')
const rename = changeOf('rename')

const known = (id: number): number => (Number.isNaN(id) ? unknown : id)

export class Processes {
  readonly #threads: ThreadTable
  readonly #event: ScapEvent
  readonly #sink: KernelSink

  constructor({ threads, event, sink }: Scene) {
    this.#threads = threads
    this.#event = event
    this.#sink = sink
  }

  apply(what: number, thread: Thread): void {
    if (what === deed.clone) this.clone(thread)
    else if (what === deed.exec) this.#exec(thread)
    else if (what === deed.prctl) this.#prctl(thread)
  }

  name(thread: Thread, comm: string): void {
    thread.comm = comm
    thread.commId = comm === '' ? noName : this.#sink.name(comm)
  }

  /** `thread`: who the event came from; undefined if nobody knows it, which is so for a child. */
  clone(thread: Thread | undefined): void {
    const event = this.#event
    const result = intOf(event, position.res)
    if (!(result >= 0)) return
    const flags = isThere(event, position.flags) ? uintOf(event, position.flags) : 0
    if (result === 0) {
      if (thread?.comm !== undefined) return
      const maker = this.#threads.find(idOf(event, (flags & cloneFlag.thread) === 0 ? position.ptid : position.pid))
      this.#bear(event.tid, flags, maker).isFromChildSide = true
      return
    }
    const inside = idOf(event, position.vtid)
    if ((flags & cloneFlag.inPidNamespace) !== 0 || (!Number.isNaN(inside) && inside !== event.tid)) return
    const before = this.#threads.find(result)
    if (before?.isFromChildSide === true) before.isFromChildSide = false
    else this.#bear(result, flags, thread)
  }

  #bear(tid: number, flags: number, maker: Thread | undefined): Thread {
    const event = this.#event
    const isThread = (flags & cloneFlag.thread) !== 0
    const child = this.#threads.add(tid, isThread ? known(idOf(event, position.pid)) : tid)
    child.flags = flags
    child.parent = tid === event.tid ? known(idOf(event, position.ptid)) : event.tid
    this.name(
      child,
      isThere(event, position.comm) ? textOf(event, position.comm) : commOfPath(textOf(event, position.exe)),
    )
    if (maker !== undefined) {
      child.cwd = this.#threads.cwdOwnerOf(maker).cwd
      if (!isThread) this.#threads.copyFiles(child, maker)
    }
    this.#tell(isThread ? newThread : fork, child, textOf(event, position.exe))
    return child
  }

  #exec(thread: Thread): void {
    const event = this.#event
    if (!(intOf(event, position.res) >= 0)) return
    const executable = textOf(event, position.exe)
    this.name(thread, isThere(event, position.comm) ? textOf(event, position.comm) : commOfPath(executable))
    thread.pid = known(idOf(event, position.pid))
    if (isThere(event, position.ptid)) thread.parent = idOf(event, position.ptid)
    thread.flags &= ~(cloneFlag.thread | cloneFlag.files)
    const cwd = textOf(event, position.cwd)
    if (cwd !== '') thread.cwd = cwd
    // A recorder that filters by name may see the thread from now on, or no longer.
    thread.chainTrust = 0
    thread.pairTrust = 0
    const path = textOf(event, position.executable)
    this.#tell(exec, thread, path === '' ? executable : path)
  }

  #prctl(thread: Thread): void {
    const event = this.#event
    if (uintOf(event, position.option) !== prSetName || intOf(event, position.res) !== 0) return
    this.name(thread, cutComm(textOf(event, position.newName)))
    this.#tell(rename, thread, thread.comm ?? '')
  }

  /** The last event of a thread; it is forgotten by the caller, after its row. */
  exit(thread: Thread): void {
    this.#tell(exit, thread, exitStatus(this.#event))
  }

  #tell(change: number, thread: Thread, detail: string): void {
    if (this.#event.isStateOnly) return
    const { tid, pid, parent, commId } = thread
    const detailName = detail === '' ? noName : this.#sink.name(detail)
    this.#sink.process(this.#event.at, change, tid, pid, parent, commId, detailName)
  }
}

/** `exit 1` or `signal 9`; empty when the event does not say (libs before 0.1). */
function exitStatus(event: ScapEvent): string {
  if (!isThere(event, position.status)) return ''
  const status = uintOf(event, position.status)
  const signal = isThere(event, position.sig) ? uintOf(event, position.sig) : status & 0x7f
  if (signal > 0) return `signal ${signal}`
  return `exit ${isThere(event, position.ret) ? intOf(event, position.ret) : (status >> 8) & 0xff}`
}
