// Is it the guest behind a tap that sends a flow, or does the flow come by the tap on its way in? By the MAC of its frames.
//
// keepalived sends from the MAC of its card, unless it has a virtual one (use_vmac): then both routers of a VRID send from the
// same, and the bridge knows behind which port it was last. It moves with a takeover, and the bridge is looked at each two
// seconds: so a flow is placed by what held well before its last advert and well behind it, and stays where it was placed.

import type { Flow } from '../../diagnose/finding.ts'
import type { Sender } from '../../events/host.ts'
import { second, type Instant } from '../../time/instant.ts'

export interface VirtualPlaces {
  learn(senders: readonly Sender[], at: Instant, flows: readonly Flow[]): void
  /** `macs`: that live behind the tap; undefined where nobody knows them. */
  isBehind(flow: Flow, link: string, macs: readonly string[] | undefined): boolean
}

const kept = 1024
/** How much later than the frames the bridge's table may be looked at. */
const slack = 2.5 * second

const isVirtual = (mac: string): boolean => /^00:00:5e:00:0[12]:/.test(mac)
const keyOf = (link: string, mac: string): string => `${link} ${mac}`

export function createVirtualPlaces(): VirtualPlaces {
  /** Virtual MACs that are behind their tap now, and since when. */
  let here = new Map<string, Instant>()
  /** When the table was last another one. */
  let movedAt = -Infinity
  const placed = new Map<string, boolean>()

  /** `until`: as long as what is known is known to hold. */
  function place(flow: Flow, key: string, until: number): boolean | undefined {
    const since = here.get(key)
    const from = since ?? movedAt
    if (flow.lastAt > from + slack && flow.lastAt < until && placed.size < kept)
      placed.set(flow.id, since !== undefined)
    return placed.get(flow.id)
  }

  return {
    learn(senders, at, flows) {
      for (const flow of flows)
        if (flow.sourceMac !== undefined && isVirtual(flow.sourceMac))
          place(flow, keyOf(flow.link, flow.sourceMac), at - slack)
      const now = new Map<string, Instant>()
      for (const { macs = {} } of senders)
        for (const [link, all] of Object.entries(macs))
          for (const mac of all.filter(isVirtual)) now.set(keyOf(link, mac), here.get(keyOf(link, mac)) ?? at)
      if (now.size !== here.size || [...now.keys()].some((key) => !here.has(key))) movedAt = at
      here = now
    },
    isBehind(flow, link, macs) {
      const mac = flow.sourceMac?.toLowerCase()
      // Nobody looked, or the link has no MACs: who holds the tap is all that is known.
      if (mac === undefined || macs === undefined) return true
      return isVirtual(mac) ? place(flow, keyOf(link, mac), Infinity) === true : macs.includes(mac)
    },
  }
}
