// What the cgroups of the senders say: were they throttled, frozen, out of memory.
//
// A fault often begins with a process being moved into another cgroup, so each sender's /proc/<pid>/cgroup is read at
// every tick, and its cgroups are looked up again when it changed. Limits stand at any level, and a throttled parent
// does not show in its child's cpu.stat: so the levels above are read as well. libvirt puts vCPU and emulator threads
// into cgroups of their own: threads are asked now and then.

import { openKernelFile, readKernelText, readOnce, type KernelFile } from './kernel-file.ts'
import { cgroupFoldersOf, readCgroupMounts, type CgroupFolder, type CgroupMount } from './cgroup-mounts.ts'

export interface CgroupSamples {
  /** Pids in order of rank: when there are too many cgroups, those of the last go. */
  follow(pids: readonly number[]): void
  /** Asks every thread for its cgroups, too. */
  askThreads(tidsOf: (pid: number) => readonly number[]): void
  /** The members of `cg`, without its braces. */
  sample(): string
  /** Who is where: the members of `cgOf`, without its braces; empty when nothing changed since it was last asked. */
  changes(): string
  readonly versions: string
  /** Cgroups that had no room. */
  readonly skipped: number
  close(): void
}

const mostFolders = 64

/** The files that are worth reading, by controller; what a kernel does not have is left out. */
const filesOfVersion1: Readonly<Record<string, readonly string[]>> = {
  cpu: ['cpu.stat'],
  freezer: ['freezer.state'],
  memory: ['memory.failcnt'],
}
const filesOfVersion2 = ['cpu.stat', 'cgroup.events', 'cgroup.freeze', 'memory.events']

interface OpenFolder {
  readonly head: string
  readonly files: readonly (readonly [string, KernelFile])[]
}

interface Followed {
  readonly cgroup: KernelFile
  text: string
  /** Of threads that are elsewhere than their process. */
  threadTexts: readonly string[]
}

export function createCgroupSamples(mounts: readonly CgroupMount[] = readCgroupMounts()): CgroupSamples {
  let followed = new Map<number, Followed>()
  let open = new Map<string, OpenFolder>()
  let isStale = false
  let skipped = 0
  /** Cgroups of each process as they were last told, as JSON. */
  const told = new Map<number, string>()

  function lookUp(): void {
    isStale = false
    skipped = 0
    const wanted = new Map<string, CgroupFolder>()
    for (const one of followed.values())
      for (const text of [one.text, ...one.threadTexts])
        for (const folder of cgroupFoldersOf(text, mounts))
          if (wanted.size < mostFolders || wanted.has(folder.folder)) wanted.set(folder.folder, folder)
          else skipped++
    const before = open
    open = new Map()
    for (const [path, folder] of wanted) {
      const files = before.get(path) ?? openFolder(folder)
      before.delete(path)
      if (files.files.length > 0) open.set(path, files)
    }
    for (const gone of before.values()) closeFolder(gone)
  }

  return {
    follow(pids) {
      const before = followed
      followed = new Map()
      for (const pid of pids) {
        const cgroup = before.get(pid)?.cgroup ?? openKernelFile(`/proc/${pid}/cgroup`)
        if (cgroup !== undefined) followed.set(pid, before.get(pid) ?? { cgroup, text: '', threadTexts: [] })
        before.delete(pid)
      }
      for (const gone of before.values()) gone.cgroup.close()
      isStale = true
    },
    askThreads(tidsOf) {
      for (const [pid, one] of followed) {
        const texts = new Set<string>()
        for (const tid of tidsOf(pid)) texts.add(readOnce(`/proc/${pid}/task/${tid}/cgroup`) ?? '')
        texts.delete('')
        texts.delete(one.text)
        one.threadTexts = [...texts]
      }
      isStale = true
    },
    sample() {
      for (const one of followed.values()) {
        const text = readKernelText(one.cgroup) ?? one.text
        if (text === one.text) continue
        one.text = text
        isStale = true
      }
      if (isStale) lookUp()
      const parts: string[] = []
      for (const folder of open.values()) {
        const texts = textsOf(folder)
        if (texts === undefined) isStale = true
        else parts.push(`${folder.head}{${texts}}`)
      }
      return parts.join(',')
    },
    changes() {
      const parts: string[] = []
      for (const [pid, one] of followed) {
        const texts = [one.text, ...one.threadTexts]
        const folders = texts.flatMap((text) => cgroupFoldersOf(text, mounts).map(({ folder }) => folder))
        const json = JSON.stringify([...new Set(folders)].slice(0, mostFolders))
        if (told.get(pid) === json) continue
        told.set(pid, json)
        parts.push(`"${pid}":${json}`)
      }
      for (const pid of told.keys()) if (!followed.has(pid)) told.delete(pid)
      return parts.join(',')
    },
    get versions() {
      const known = new Set(mounts.map((mount) => mount.version))
      return known.size === 2
        ? 'cgroup v1 and v2'
        : known.has(2)
          ? 'cgroup v2'
          : known.has(1)
            ? 'cgroup v1'
            : 'no cgroups'
    },
    get skipped() {
      return skipped
    },
    close() {
      for (const folder of open.values()) closeFolder(folder)
      for (const one of followed.values()) one.cgroup.close()
    },
  }
}

function openFolder({ version, controllers, folder, above }: CgroupFolder): OpenFolder {
  const names = version === 2 ? filesOfVersion2 : controllers.flatMap((name) => filesOfVersion1[name] ?? [])
  const files: (readonly [string, KernelFile])[] = []
  for (const name of names) {
    const file = openKernelFile(`${folder}/${name}`)
    if (file === undefined) continue
    // Higher up, cpu.stat without throttling is only the bill of everybody below.
    if (above > 0 && name === 'cpu.stat' && !readKernelText(file)?.includes('nr_throttled')) file.close()
    else files.push([`${JSON.stringify(name)}:`, file])
  }
  return { head: `${JSON.stringify(folder)}:`, files }
}

function closeFolder(folder: OpenFolder): void {
  for (const [, file] of folder.files) file.close()
}

/** undefined when the cgroup is gone. */
function textsOf(folder: OpenFolder): string | undefined {
  let texts = ''
  for (const [name, file] of folder.files) {
    const text = readKernelText(file)
    if (text === undefined) return undefined
    texts += `${texts === '' ? '' : ','}${name}${JSON.stringify(text.trim().replaceAll('\n', ' '))}`
  }
  return texts
}
