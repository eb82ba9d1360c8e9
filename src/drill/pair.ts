// A real keepalived pair to practise on: two routers in namespaces of their own, on a bridge in a third.
//
// Watch `pair.link` in `pair.namespace`. The MASTER says its first advert one Master_Down_Interval after the start
// (keepalived 2.2.7 begins as BACKUP and waits), 3.6 s for a pair of 1 s. `close()` takes everything away again.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../capture/fault.ts'
import { openOwnClock } from '../capture/own-clock.ts'
import { epochAt, type Epoch } from '../time/instant.ts'
import { environmentOf } from './command.ts'
import type { InstanceSettings } from './keepalived-conf.ts'
import { removeMarked, runRoot, type Removal } from './leftovers.ts'
import { markOf, readOwner } from './mark.ts'
import { addNetwork, addPort, bridge, removePort } from './network.ts'
import {
  addressesOf,
  checkPairOptions,
  defaultPair,
  foreignSettingsOf,
  settingsOf,
  sourceOf,
  type ForeignOptions,
  type PairOptions,
} from './pair-options.ts'
import { openRouter, type Router } from './router.ts'
import { openCgroup, type Cgroup } from './cgroup.ts'
import { openLogger, type Logger } from './logger.ts'
import { partPath, prepareSender } from './sender-extras.ts'

interface PairEvent {
  readonly at: Epoch
  readonly kind: 'up' | 'foreign-added' | 'foreign-removed' | 'router-ended' | 'closed'
  readonly text: string
}

export interface Pair {
  /** Begins the name of everything that belongs to it; see mark.ts. */
  readonly mark: string
  readonly options: PairOptions
  readonly runDirectory: string
  /** Bridge port of the sender, in `namespace`: what a vantage point watches. */
  readonly link: string
  /** The BACKUP's: a second vantage point, behind the way of the adverts. */
  readonly peerLink: string
  readonly bridge: string
  readonly namespace: string
  /** For children that work in its namespaces: `close()` and a later sweep end whatever has this environment. */
  readonly environment: Readonly<Record<string, string>>
  readonly sender: Router
  readonly backup: Router
  readonly foreign: readonly Router[]
  /** Reads the sender's log socket, where it has one. */
  readonly logger: Logger | undefined
  /** What the sender began in, where it runs from a disk of its own. */
  readonly memory: Cgroup | undefined
  /** What happened to the pair, oldest first. */
  readonly events: readonly PairEvent[]
  /** Wall clock, exact to some 10 µs. */
  now(): Epoch
  addForeign(options?: ForeignOptions): Promise<Router>
  removeForeign(router: Router): Promise<void>
  /** May be called again, and while something of the pair is still being made. */
  close(): Promise<Removal>
}

/** A directory of our own in /run is the first thing of a drill and the last to go. */
async function openMark(): Promise<string> {
  const owner = await readOwner()
  for (let number = 0; ; number++) {
    const mark = markOf(owner, number)
    try {
      await mkdir(join(runRoot, mark), { mode: 0o700 })
      return mark
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

function senderSettingsOf(options: PairOptions, runDirectory: string): InstanceSettings {
  const { check, tracksFile } = options.extras
  return {
    ...settingsOf(options, 1),
    ...(check === undefined ? {} : { checkScript: `/bin/sh ${join(runDirectory, partPath.check)}` }),
    ...(tracksFile === true ? { trackFile: join(runDirectory, partPath.weight) } : {}),
  }
}

const linkOf = (host: number): string => `v${String.fromCodePoint(96 + host)}`

/** Needs root. Throws a Fault with a remedy when a pair cannot be had here; nothing is left then. */
export async function openPair(wanted: Partial<PairOptions> = {}): Promise<Pair> {
  const options = { ...defaultPair, ...wanted }
  checkPairOptions(options)
  if (process.getuid?.() !== 0) throw new Fault('A drill makes network namespaces, which needs root.', 'sudo npm start')
  const mark = await openMark()
  try {
    return await raise(mark, options)
  } catch (error) {
    await removeMarked(mark)
    throw error
  }
}

async function raise(mark: string, options: PairOptions): Promise<Pair> {
  const clock = openOwnClock()
  const now = (): Epoch => epochAt(clock.now(), clock.origin)
  const runDirectory = join(runRoot, mark)
  const network = await addNetwork(mark, options.family)
  const events: PairEvent[] = []
  const note = (kind: PairEvent['kind'], text: string): void => void events.push({ at: now(), kind, text })
  const leaving = new Set<Router>()

  const noteEnd = async (router: Router): Promise<void> => {
    const how = await router.ended
    if (!leaving.has(router)) note('router-ended', `keepalived of ${router.part} ended: ${how}`)
  }
  const { extras } = options
  let logger: Logger | undefined
  const memory = extras.disk === 'program' ? await openCgroup(mark, 'memory') : undefined
  const add = async (host: number, conf: InstanceSettings): Promise<Router> => {
    const namespace = await addPort(network, {
      part: `lb0${host}`,
      link: linkOf(host),
      addresses: addressesOf(options.family, host),
    })
    const isSender = host === 1
    if (isSender && extras.hasLogSocket === true) logger = await openLogger(mark, runDirectory, namespace)
    const prepared = isSender ? await prepareSender(mark, runDirectory, extras, memory?.directory) : undefined
    const place = { mark, runDirectory, part: `lb0${host}`, namespace, address: sourceOf(options, host) }
    const router = await openRouter(place, conf, prepared)
    void noteEnd(router)
    return router
  }
  const [sender, backup] = [await add(1, senderSettingsOf(options, runDirectory)), await add(2, settingsOf(options, 2))]
  note('up', `pair up, VRRP child of ${sender.part} is ${sender.pid}, of ${backup.part} ${backup.pid}`)

  const foreign: Router[] = []
  let hosts = 2
  let closing: Promise<Removal> | undefined
  let making: Promise<unknown> = Promise.resolve()
  const closeAll = async (): Promise<Removal> => {
    await making
    const all = [sender, backup, ...foreign]
    for (const router of all) leaving.add(router)
    const removal = await removeMarked(mark)
    // What would not go is told, and not waited for.
    if (removal.left.length === 0) await Promise.all(all.map(async (router) => router.ended))
    note('closed', 'pair closed')
    return removal
  }
  return {
    mark,
    options,
    runDirectory,
    link: linkOf(1),
    peerLink: linkOf(2),
    bridge,
    namespace: network.node,
    environment: environmentOf(mark),
    sender,
    backup,
    foreign,
    logger,
    memory,
    events,
    now,
    async addForeign(other = {}) {
      if (closing !== undefined) throw new Error('the pair is closed')
      const host = ++hosts
      const adding = add(host, foreignSettingsOf(options, host, other))
      making = Promise.allSettled([making, adding])
      const router = await adding
      foreign.push(router)
      note('foreign-added', `foreign router ${router.address} on VRID ${options.vrid}`)
      return router
    },
    async removeForeign(router) {
      leaving.add(router)
      await router.kill()
      await removePort(network, router.namespace)
      foreign.splice(foreign.indexOf(router), 1)
      note('foreign-removed', `foreign router ${router.address} gone`)
    },
    close: async () => (closing ??= closeAll()),
  }
}
