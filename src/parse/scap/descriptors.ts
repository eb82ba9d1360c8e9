// Which file does a call work on? Follows what each call does to the descriptors of its process.
//
// The naming rules are sysdig's: a path is made absolute by the working directory or by the directory's descriptor; pipes
// and the like have an empty name; what sockets are called is in sockets.ts. A failed open still has its path.

import { holderOf, idOf, intOf, isThere, textOf, uintOf } from './call-parameters.ts'
import { deed, position } from './event-tables.ts'
import { Fd } from './fd-table.ts'
import type { Params } from './params.ts'
import type { Enter, Scene } from './scene.ts'
import { isReadable, joinPath } from './paths.ts'
import { none, type Thread, type ThreadTable } from './thread-table.ts'

const atFdcwd = -100
/** PPM_* numbers of fcntl's F_DUPFD and F_DUPFD_CLOEXEC. */
const fcntlDup = 1
const fcntlDupCloexec = 26
/** close_range with this flag closes nothing, it marks. */
const closeRangeCloexec = 4
const filesRemembered = 4096

export class Descriptors {
  readonly #threads: ThreadTable
  readonly #exit: Params
  readonly #enter: Enter
  readonly #files = new Map<string, Fd>()
  /** The path of an open that failed: it names no descriptor, but belongs to the row. */
  failedPath: string | undefined
  /** The call closed its descriptor: to be forgotten once the row is out. */
  isClosing = false

  constructor({ threads, event, enter }: Scene) {
    this.#threads = threads
    this.#exit = event
    this.#enter = enter
  }

  markNames(used: Uint8Array): void {
    for (const { nameId } of this.#files.values()) if (nameId >= 0) used[nameId] = 1
  }

  /** Applies what the exit at hand does. */
  apply(what: number, thread: Thread): void {
    switch (what) {
      case deed.open:
        return this.#open(thread)
      case deed.openByHandle:
        return this.#openByHandle(thread)
      case deed.close:
        this.isClosing = intOf(this.#exit, position.res) >= 0 && thread.lastFd !== none
        return undefined
      case deed.closeRange:
        return this.#closeRange(thread)
      case deed.pipe:
        return this.#pipe(thread)
      case deed.dup:
        return this.#dup(thread)
      case deed.fcntl:
        return this.#fcntl(thread)
      case deed.anonymous:
        return this.#anonymous(thread)
      case deed.chdir:
        return this.#chdir(thread)
      case deed.fchdir:
        return this.#fchdir(thread)
      default:
        return undefined
    }
  }

  /** Forgets the descriptor that was closed. */
  close(thread: Thread): void {
    this.isClosing = false
    this.#threads.filesOf(thread).remove(thread.lastFd)
  }

  #open(thread: Thread): void {
    const exit = this.#exit
    let name = textOf(exit, position.name)
    if (!isReadable(name) && isThere(this.#enter, position.name)) name = textOf(this.#enter, position.name)
    const path = name.startsWith('/') ? joinPath('', name) : joinPath(this.#baseOf(thread), name)
    const fd = intOf(exit, position.fd)
    if (fd >= 0) this.#threads.open(thread, fd, this.#fileOf(path))
    else this.failedPath = path
  }

  /** Files are opened again and again: entries are shared. */
  #fileOf(path: string): Fd {
    const known = this.#files.get(path)
    if (known !== undefined) return known
    if (this.#files.size >= filesRemembered) this.#files.clear()
    const entry = new Fd(path)
    this.#files.set(path, entry)
    return entry
  }

  /** What a relative path is relative to. */
  #baseOf(thread: Thread): string {
    const dirfd = idOf(holderOf(this.#exit, this.#enter, position.dirfd), position.dirfd)
    if (Number.isNaN(dirfd) || dirfd === atFdcwd) return this.#threads.cwdOwnerOf(thread).cwd
    return this.#threads.filesOf(thread).find(dirfd)?.name ?? '<UNKNOWN>'
  }

  #openByHandle(thread: Thread): void {
    const fd = intOf(this.#exit, position.fd)
    if (fd >= 0) this.#threads.open(thread, fd, new Fd(textOf(this.#exit, position.path)))
  }

  #closeRange(thread: Thread): void {
    const exit = this.#exit
    if (intOf(exit, position.res) !== 0 || (uintOf(exit, position.flags) & closeRangeCloexec) !== 0) return
    this.#threads.filesOf(thread).removeRange(uintOf(exit, position.first), uintOf(exit, position.last))
  }

  #pipe(thread: Thread): void {
    if (intOf(this.#exit, position.res) !== 0) return
    this.#threads.open(thread, idOf(this.#exit, position.fd1), new Fd(''))
    this.#threads.open(thread, idOf(this.#exit, position.fd2), new Fd(''))
  }

  #dup(thread: Thread): void {
    const copy = intOf(this.#exit, position.res)
    const entry = copy >= 0 ? this.#threads.filesOf(thread).find(thread.lastFd) : undefined
    if (entry !== undefined) this.#threads.open(thread, copy, entry)
  }

  #fcntl(thread: Thread): void {
    const command = uintOf(holderOf(this.#exit, this.#enter, position.cmd), position.cmd)
    if (command === fcntlDup || command === fcntlDupCloexec) this.#dup(thread)
  }

  #anonymous(thread: Thread): void {
    const exit = this.#exit
    const fd = isThere(exit, position.res) ? intOf(exit, position.res) : intOf(exit, position.fd)
    if (fd >= 0) this.#threads.open(thread, fd, new Fd(textOf(exit, position.name)))
  }

  #chdir(thread: Thread): void {
    if (intOf(this.#exit, position.res) !== 0) return
    const owner = this.#threads.cwdOwnerOf(thread)
    owner.cwd = joinPath(owner.cwd, textOf(this.#exit, position.path))
  }

  #fchdir(thread: Thread): void {
    const entry = this.#threads.filesOf(thread).find(thread.lastFd)
    if (entry !== undefined && intOf(this.#exit, position.res) === 0) this.#threads.cwdOwnerOf(thread).cwd = entry.name
  }
}
