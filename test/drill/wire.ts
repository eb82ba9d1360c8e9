// What the real tcpdump sees of VRRP on a pair's link, as it prints it.

import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { epochFrom, type Epoch } from '../../src/time/instant.ts'
import type { Pair } from '../../src/drill/pair.ts'

export interface SeenAdvert {
  readonly at: Epoch
  readonly source: string
  readonly version: number
  readonly vrid: number
  readonly priority: number
}

export interface Wire {
  readonly adverts: readonly SeenAdvert[]
  /** Waits until so many adverts of this source were seen since this was called. */
  next(source: string, count: number): Promise<readonly SeenAdvert[]>
  close(): Promise<void>
}

// 1795355541.889449235 IP 192.168.205.11 > 224.0.0.18: VRRPv2, Advertisement, vrid 205, prio 101, authtype simple, …
// 1795356412.079420 IP6 fd00:205::11 > fd00:205::12: VRRPv3, Advertisement, (ttl 64), vrid 205, prio 101, … (unicast)
// 1795355406.783903 IP6 fe80::11 > ff02::12: VRRPv3, Advertisement, vrid 205, prio 101, intvl 50cs, length 40
const line =
  /^(?<seconds>\d+)\.(?<fraction>\d+) IP6? (?<source>\S+) > \S+: VRRPv(?<version>\d), Advertisement, (?:\(ttl \d+\), )?vrid (?<vrid>\d+), prio (?<priority>\d+),/

export async function openWire(pair: Pair): Promise<Wire> {
  const tcpdump = ['tcpdump', '-i', pair.link, '-n', '-l', '-tt', '--nano', '--immediate-mode', 'vrrp or ip6 proto 112']
  const child = execa('ip', ['netns', 'exec', pair.namespace, ...tcpdump], {
    env: { ...pair.environment },
    extendEnv: false,
    reject: false,
    buffer: false,
  })
  const adverts: SeenAdvert[] = []
  let isClosed = false
  createInterface(child.stdout).on('line', (text) => {
    const groups = line.exec(text)?.groups
    if (groups === undefined) return
    adverts.push({
      at: epochFrom(groups['seconds'] ?? '', groups['fraction'] ?? ''),
      source: groups['source'] ?? '',
      version: Number(groups['version']),
      vrid: Number(groups['vrid']),
      priority: Number(groups['priority']),
    })
  })
  await new Promise<void>((resolve) => {
    createInterface(child.stderr).on('line', (text) => {
      if (text.startsWith('listening')) resolve()
    })
  })
  return {
    adverts,
    async next(source, count) {
      const from = adverts.length
      for (;;) {
        if (isClosed) throw new Error('the capture was closed')
        const seen = adverts.slice(from).filter((advert) => advert.source === source)
        if (seen.length >= count) return seen
        await sleep(20)
      }
    },
    async close() {
      isClosed = true
      child.kill('SIGINT')
      await child
    },
  }
}
