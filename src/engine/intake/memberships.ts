// In which cgroups has a process been? A fault may move it into one and out again within seconds, so all that it was in
// are kept: only a cgroup of its own can have throttled or frozen it, never the one of the guest next door.

export interface Memberships {
  add(pid: number, paths: readonly string[]): void
  /** undefined: never told. */
  of(pid: number): readonly string[] | undefined
}

const pidsKept = 4096
const pathsKept = 256

export function createMemberships(): Memberships {
  const byPid = new Map<number, Set<string>>()
  return {
    add(pid, paths) {
      const known = byPid.get(pid) ?? new Set<string>()
      for (const path of paths) if (known.size < pathsKept) known.add(path)
      byPid.delete(pid)
      byPid.set(pid, known)
      // The one that has been told of longest ago.
      if (byPid.size > pidsKept) byPid.delete(byPid.keys().next().value ?? pid)
    },
    of(pid) {
      const known = byPid.get(pid)
      return known === undefined ? undefined : [...known]
    },
  }
}
