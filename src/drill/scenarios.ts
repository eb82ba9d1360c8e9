// All scenarios, in the order in which `drill list` and `drill all` take them.

import { healthy } from './faults/nothing.ts'
import { foreignVrid, otherVrid, wrongPassword } from './faults/rivals.ts'
import { freezers, ptrace, sigstop } from './faults/stops.ts'
import type { Scenario } from './scenario.ts'

export const scenarios: readonly Scenario[] = [
  sigstop,
  ptrace,
  ...freezers,
  foreignVrid,
  wrongPassword,
  otherVrid,
  healthy,
]

export function scenarioOf(name: string): Scenario | undefined {
  return scenarios.find((scenario) => scenario.name === name)
}
