// keepalived itself was changed: restarted, reloaded, given another priority. An administrator's work, not a lateness.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { holdFor } from '../hold.ts'
import { waitFor, type FaultOptions, type Scenario, type Truth } from '../scenario.ts'
import type { Pair } from '../pair.ts'
import { partPath } from '../sender-extras.ts'
import { handOf } from './stops.ts'

async function signalled(
  pair: Pair,
  options: FaultOptions,
  signal: { readonly name: string; readonly pid: number; readonly how: string },
): Promise<Truth> {
  const held = await holdFor(
    { kind: 'shell', begin: `kill -${signal.name} "$1"`, end: ':', args: [String(signal.pid)] },
    { ...options, mark: pair.mark },
  )
  return {
    cause: 'planned',
    startAt: held.startAt,
    endAt: held.endAt,
    culprit: handOf(held),
    alsoGuilty: [{ kind: 'process', pid: undefined, comm: 'keepalived', name: 'keepalived' }],
    how: `${signal.how} by ${held.comm} ${held.pid}`,
  }
}

export const restart: Scenario = {
  name: 'restart',
  summary: 'the keepalived that sends is killed, and its parent starts another one',
  cause: 'planned',
  defaultSeconds: 6,
  makesLate: true,
  async inject(pair, options) {
    const pid = await pair.sender.readPid()
    return signalled(pair, options, { name: 'KILL', pid, how: `SIGKILL to keepalived ${pid}` })
  },
}

export const reload: Scenario = {
  name: 'reload',
  summary: 'keepalived reads its configuration again (SIGHUP): one advert out of turn, none late',
  cause: 'planned',
  defaultSeconds: 4,
  makesLate: false,
  async inject(pair, options) {
    const pid = pair.sender.parentPid
    return signalled(pair, options, { name: 'HUP', pid, how: `SIGHUP to keepalived ${pid}` })
  },
}

export const restartBackup: Scenario = {
  name: 'restart-backup',
  summary: 'the BACKUP is killed and starts anew: the MASTER is none the wiser',
  cause: 'none',
  defaultSeconds: 4,
  makesLate: false,
  async inject(pair, options) {
    const pid = await pair.backup.readPid()
    const truth = await signalled(pair, options, { name: 'KILL', pid, how: `SIGKILL to the BACKUP ${pid}` })
    return { ...truth, cause: 'none', looksLike: 'planned' }
  },
}

export const priority: Scenario = {
  name: 'priority',
  summary: 'a tracked file takes the MASTER 50 of its priority: its BACKUP takes over by right, and gives back later',
  cause: 'none',
  defaultSeconds: 8,
  makesLate: false,
  pair: { extras: { tracksFile: true } },
  async inject(pair, options) {
    const weight = join(pair.runDirectory, partPath.weight)
    const startAt = pair.now()
    await writeFile(weight, '-50\n')
    options.onStart?.(startAt)
    await waitFor(options)
    const endAt = pair.now()
    await writeFile(weight, '0\n')
    return {
      cause: 'none',
      startAt,
      endAt,
      culprit: undefined,
      how: `priority of ${pair.sender.address} lowered by 50 through a tracked file`,
    }
  },
}
