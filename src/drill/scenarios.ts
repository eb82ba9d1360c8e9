// All scenarios, in the order in which `drill list` and `drill all` take them.

import { blockedLog, diskStorm, slowDisk, slowScript } from './faults/blocks.ts'
import { priority, reload, restart, restartBackup } from './faults/changes.ts'
import { cpuHog, fifoHog, quota, quotaNeighbour } from './faults/cpu.ts'
import { paging } from './faults/memory.ts'
import { healthy } from './faults/nothing.ts'
import { dropped, firewall, linkDown } from './faults/refusals.ts'
import { foreignVrid, otherVrid, wrongPassword } from './faults/rivals.ts'
import { freezers, ptrace, sigstop } from './faults/stops.ts'
import { captureDrops, heldLink, heldWay, portOut } from './faults/wire.ts'
import type { Scenario } from './scenario.ts'

export const scenarios: readonly Scenario[] = [
  sigstop,
  ptrace,
  ...freezers,
  quota,
  quotaNeighbour,
  fifoHog,
  cpuHog,
  blockedLog,
  slowDisk,
  diskStorm,
  slowScript,
  paging,
  foreignVrid,
  wrongPassword,
  otherVrid,
  restart,
  restartBackup,
  reload,
  priority,
  heldLink,
  heldWay,
  portOut,
  firewall,
  linkDown,
  dropped,
  captureDrops,
  healthy,
]

export function scenarioOf(name: string): Scenario | undefined {
  return scenarios.find((scenario) => scenario.name === name)
}
