// The faults of a drill, one row a scenario: what is done to the pair, and the truth that the verdict is held against.
//
// A new scenario is a row in `scenarios`. Only the pair's own processes are ever touched.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Epoch } from '../time/instant.ts'
import type { CgroupVersion } from './cgroup-mount.ts'
import { openFreezer } from './freezer.ts'
import { holdFor } from './hold.ts'
import type { Pair } from './pair.ts'

/** In the terms of the report: a cause slug, a culprit as the verdict names it. */
export interface Truth {
  /** Cause slug; `none` when nothing should be late. */
  readonly cause: 'none' | 'sender-stopped' | 'foreign-vrid'
  readonly startAt: Epoch
  readonly endAt: Epoch
  readonly culprit: Culprit | undefined
  /** What was done, for a person. */
  readonly how: string
}

interface Culprit {
  readonly kind: 'process' | 'cgroup' | 'flow'
  readonly pid: number | undefined
  readonly comm: string | undefined
  readonly name: string
}

interface FaultOptions {
  readonly seconds: number
  /** Ends the fault early; its truth then has the end that it really had. */
  readonly signal?: AbortSignal | undefined
  readonly onStart?: ((startAt: Epoch) => void) | undefined
}

export interface Scenario {
  readonly name: string
  /** One line for --help. */
  readonly summary: string
  /** For a pair of 1 s: long enough that the BACKUP takes over, where a takeover is the point. */
  readonly defaultSeconds: number
  inject(pair: Pair, options: FaultOptions): Promise<Truth>
}

async function waitFor(options: FaultOptions): Promise<void> {
  await sleep(options.seconds * 1000, undefined, { signal: options.signal }).catch(() => undefined)
}

const sigstop: Scenario = {
  name: 'sigstop',
  summary: 'SIGSTOP for the keepalived that sends, then SIGCONT',
  defaultSeconds: 4.2,
  async inject(pair, options) {
    const pid = await pair.sender.readPid()
    const held = await holdFor({ kind: 'signal', pid }, { ...options, mark: pair.mark, onHeld: options.onStart })
    return {
      cause: 'sender-stopped',
      startAt: held.startAt,
      endAt: held.endAt,
      culprit: { kind: 'process', pid: held.pid, comm: held.comm, name: held.comm },
      how: `SIGSTOP and SIGCONT to keepalived ${pid} by ${held.comm} ${held.pid}`,
    }
  },
}

const freezerScenario = (name: string, version: CgroupVersion | undefined, summary: string): Scenario => ({
  name,
  summary,
  defaultSeconds: 4.2,
  async inject(pair, options) {
    const pid = await pair.sender.readPid()
    const freezer = await openFreezer(pair.mark, pid, version)
    try {
      const held = await holdFor(freezer.hold, { ...options, mark: pair.mark, onHeld: options.onStart })
      return {
        cause: 'sender-stopped',
        startAt: held.startAt,
        endAt: held.endAt,
        culprit: { kind: 'cgroup', pid: held.pid, comm: held.comm, name: freezer.name },
        how: `cgroup freezer (version ${freezer.version}) over keepalived ${pid}`,
      }
    } finally {
      await freezer.close()
    }
  },
})

const foreignVrid: Scenario = {
  name: 'foreign-vrid',
  summary: "another cluster's router on the same VRID, with another password",
  defaultSeconds: 12,
  async inject(pair, options) {
    const router = await pair.addForeign()
    const startAt = pair.now()
    options.onStart?.(startAt)
    await waitFor(options)
    const endAt = pair.now()
    await pair.removeForeign(router)
    return {
      cause: 'foreign-vrid',
      startAt,
      endAt,
      culprit: { kind: 'flow', pid: router.pid, comm: 'keepalived', name: router.address },
      how: `a second cluster's router, ${router.address}, on VRID ${pair.options.vrid}`,
    }
  },
}

const healthy: Scenario = {
  name: 'healthy',
  summary: 'nothing at all: no advert may be called late',
  defaultSeconds: 10,
  async inject(pair, options) {
    const startAt = pair.now()
    options.onStart?.(startAt)
    await waitFor(options)
    return { cause: 'none', startAt, endAt: pair.now(), culprit: undefined, how: 'nothing was done' }
  },
}

export const scenarios: readonly Scenario[] = [
  sigstop,
  freezerScenario('freezer', undefined, 'the cgroup freezer over the keepalived that sends, as docker pause does it'),
  freezerScenario('freezer-v1', 1, 'the same by cgroup version 1'),
  freezerScenario('freezer-v2', 2, 'the same by cgroup version 2'),
  foreignVrid,
  healthy,
]

export function scenarioOf(name: string): Scenario | undefined {
  return scenarios.find((scenario) => scenario.name === name)
}
