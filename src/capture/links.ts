// Which interfaces are there, by number and by name, on this host or in a network namespace? A capture of `any` holds
// numbers only, and a name that does not exist should be told before anything starts.

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { ask } from './ask.ts'
import { Fault } from './fault.ts'

/** `nsenter --net=PATH`: only the network changes, files and processes stay the host's. */
export type EnterCommand = readonly [string, ...string[]]

/** Checks that the namespace exists: NAME of `ip netns`. */
export function netnsPathOf(name: string): string {
  const isName = name !== '' && !name.includes('/') && name !== '.' && name !== '..' && !name.includes('\0')
  const path = `/run/netns/${name}`
  if (isName && existsSync(path)) return path
  throw new Fault(`There is no network namespace named ${name}.`, '`ip netns list` shows those that exist.', 3)
}

export const enterCommandOf = (netnsPath: string): EnterCommand => ['nsenter', `--net=${netnsPath}`]

/** ifindex to name. `netns`: a name of `ip netns`; without it our own namespace. */
export async function readLinks(netns?: string): Promise<ReadonlyMap<number, string>> {
  if (netns !== undefined) return readLinksIn(netnsPathOf(netns))
  const links = new Map<number, string>()
  for (const name of namesIn('/sys/class/net')) {
    const index = Number(textOf(`/sys/class/net/${name}/ifindex`))
    // Not every entry is a link: `bonding_masters` is a file.
    if (Number.isInteger(index) && index > 0) links.set(index, name)
  }
  return links
}

async function readLinksIn(netnsPath: string): Promise<ReadonlyMap<number, string>> {
  const answer = await ask([...enterCommandOf(netnsPath), 'ip', '-o', 'link'], 3000)
  // 4: va@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 …
  const found = answer.stdout.matchAll(/^(?<index>\d+): (?<name>[^\s:]+?)(?:@[^\s:]+)?: </gm)
  return new Map([...found].map(({ groups }) => [Number(groups?.['index']), groups?.['name'] ?? '']))
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}
