// Another router on the same VRID, whose adverts re-arm the sender's timer although it rejects them.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Pair } from '../pair.ts'
import { waitFor, type FaultOptions, type Scenario } from '../scenario.ts'

/** Another cluster's router comes, stays for as long as the fault lasts, and goes. */
async function visit(pair: Pair, options: FaultOptions, foreign: Parameters<Pair['addForeign']>[0]) {
  const router = await pair.addForeign(foreign)
  const startAt = pair.now()
  options.onStart?.(startAt)
  await waitFor(options)
  const endAt = pair.now()
  await pair.removeForeign(router)
  return { router, startAt, endAt }
}

export const foreignVrid: Scenario = {
  name: 'foreign-vrid',
  summary: "another cluster's router on the same VRID, with another password",
  cause: 'foreign-vrid',
  defaultSeconds: 12,
  makesLate: true,
  async inject(pair, options) {
    const { router, startAt, endAt } = await visit(pair, options, {})
    return {
      cause: 'foreign-vrid',
      startAt,
      endAt,
      culprit: { kind: 'flow', pid: router.pid, comm: 'keepalived', name: router.address },
      how: `a second cluster's router, ${router.address}, on VRID ${pair.options.vrid}`,
    }
  },
}

export const otherVrid: Scenario = {
  name: 'other-vrid',
  summary: "another cluster's router on another VRID: it disturbs nobody",
  cause: 'none',
  defaultSeconds: 8,
  makesLate: false,
  async inject(pair, options) {
    const next = pair.options.vrid === 255 ? 1 : pair.options.vrid + 1
    const { router, startAt, endAt } = await visit(pair, options, { vrid: next })
    return {
      cause: 'none',
      startAt,
      endAt,
      culprit: { kind: 'flow', pid: router.pid, comm: 'keepalived', name: router.address },
      looksLike: 'foreign-vrid',
      how: `a second cluster's router, ${router.address}, on the next VRID`,
    }
  },
}

export const wrongPassword: Scenario = {
  name: 'wrong-password',
  summary: 'the BACKUP is given another password: both are master, and each re-arms the timer of the other',
  cause: 'foreign-vrid',
  defaultSeconds: 14,
  pair: { version: 2 },
  makesLate: true,
  async inject(pair, options) {
    await pair.backup.reconfigure({ ...pair.backup.conf, password: 'mistyped' })
    const startAt = pair.now()
    options.onStart?.(startAt)
    await waitFor(options)
    await pair.backup.reconfigure(pair.backup.conf)
    // Until it has read that, it goes on; and what it said last holds the timer back for one interval more.
    await sleep(1700 * pair.options.advertInterval)
    const endAt = pair.now()
    return {
      cause: 'foreign-vrid',
      startAt,
      endAt,
      culprit: { kind: 'flow', pid: pair.backup.pid, comm: 'keepalived', name: pair.backup.address },
      how: `another password at ${pair.backup.address}, by a reload`,
    }
  },
}
