// The sender is stopped from outside: by a signal, by a tracer, with its cgroup.

import type { CgroupVersion } from '../cgroup-mount.ts'
import { freezeFileOf } from '../cgroup-mount.ts'
import { findCgroupMount, openCgroup } from '../cgroup.ts'
import { holdFor, signalHold, writeHold, type Held } from '../hold.ts'
import type { Culprit, Scenario } from '../scenario.ts'

export const handOf = (held: Held): Culprit => ({ kind: 'process', pid: held.pid, comm: held.comm, name: held.comm })

export const sigstop: Scenario = {
  name: 'sigstop',
  summary: 'SIGSTOP for the keepalived that sends, then SIGCONT',
  cause: 'sender-stopped',
  defaultSeconds: 4.2,
  makesLate: true,
  async inject(pair, options) {
    const pid = await pair.sender.readPid()
    const held = await holdFor(signalHold(pid), { ...options, mark: pair.mark })
    return {
      cause: 'sender-stopped',
      startAt: held.startAt,
      endAt: held.endAt,
      culprit: handOf(held),
      how: `SIGSTOP and SIGCONT to keepalived ${pid} by ${held.comm} ${held.pid}`,
    }
  },
}

export const ptrace: Scenario = {
  name: 'ptrace',
  summary: 'a tracer attaches to the keepalived that sends and holds it, as a debugger does',
  cause: 'sender-stopped',
  defaultSeconds: 4.2,
  makesLate: true,
  async inject(pair, options) {
    const pid = await pair.sender.readPid()
    const held = await holdFor({ kind: 'trace', pid }, { ...options, mark: pair.mark })
    return {
      cause: 'sender-stopped',
      startAt: held.startAt,
      endAt: held.endAt,
      culprit: handOf(held),
      how: `PTRACE_SEIZE and PTRACE_INTERRUPT of keepalived ${pid} by ${held.comm} ${held.pid}`,
    }
  },
}

const freezerScenario = (name: string, version: CgroupVersion | undefined, summary: string): Scenario => ({
  name,
  summary,
  cause: 'sender-stopped',
  defaultSeconds: 4.2,
  makesLate: true,
  refusal: async () =>
    (await findCgroupMount('freezer', version)) === undefined
      ? `no cgroup hierarchy${version === undefined ? '' : ` of version ${version}`} that can freeze is mounted here`
      : undefined,
  async inject(pair, options) {
    const pid = await pair.sender.readPid()
    const cgroup = await openCgroup(pair.mark, 'freezer', version)
    try {
      await cgroup.add(pid)
      const file = freezeFileOf(cgroup, cgroup.directory)
      const held = await holdFor(writeHold(file.path, file.freeze, file.thaw), { ...options, mark: pair.mark })
      return {
        cause: 'sender-stopped',
        startAt: held.startAt,
        endAt: held.endAt,
        culprit: { kind: 'cgroup', pid: held.pid, comm: held.comm, name: cgroup.name },
        how: `cgroup freezer (version ${cgroup.version}) over keepalived ${pid}`,
      }
    } finally {
      await cgroup.close()
    }
  },
})

export const freezers: readonly Scenario[] = [
  freezerScenario('freezer', undefined, 'the cgroup freezer over the keepalived that sends, as docker pause does it'),
  freezerScenario('freezer-v1', 1, 'the same by cgroup version 1'),
  freezerScenario('freezer-v2', 2, 'the same by cgroup version 2'),
]
