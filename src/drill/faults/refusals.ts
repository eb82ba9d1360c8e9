// The sender's own network stack takes nothing: its advert is refused to its face, or dropped behind its back.

import { pathOf } from '../../capture/executable.ts'
import { holdFor, type Hold } from '../hold.ts'
import type { Pair } from '../pair.ts'
import type { FaultOptions, Scenario, Truth } from '../scenario.ts'
import { linkOf } from './wire.ts'

const needsNft = async (): Promise<string | undefined> =>
  pathOf('nft') === undefined ? 'nft is not installed (apt-get install nftables)' : undefined

/** `chain`: what `nft` makes of the table `drill`, in the sender's namespace; the table goes again. */
const ruleHold = (pair: Pair, family: string, chain: string): Hold => ({
  kind: 'shell',
  begin:
    'printf "table %s drill { chain out { %s meta l4proto 112 drop; }; }\\n" "$2" "$3" | ip netns exec "$1" nft -f -',
  end: 'ip netns exec "$1" nft delete table "$2" drill',
  args: [pair.sender.namespace, family, chain],
})

async function held(
  pair: Pair,
  options: FaultOptions,
  hold: Hold,
  truth: Pick<Truth, 'cause' | 'how'>,
): Promise<Truth> {
  const { startAt, endAt } = await holdFor(hold, { ...options, mark: pair.mark })
  return { ...truth, startAt, endAt, culprit: linkOf(pair.link), alsoGuilty: [linkOf('eth0')] }
}

export const firewall: Scenario = {
  name: 'firewall',
  summary: 'a firewall rule where the sender runs refuses its adverts: sendmsg fails with EPERM',
  cause: 'rejected-locally',
  defaultSeconds: 4,
  makesLate: true,
  refusal: needsNft,
  inject: (pair, options) =>
    held(pair, options, ruleHold(pair, 'inet', 'type filter hook output priority 0;'), {
      cause: 'rejected-locally',
      how: `nft dropped protocol 112 in the output hook of ${pair.sender.namespace}`,
    }),
}

/** IPv4: an interface that goes down loses its IPv6 addresses for good. */
export const linkDown: Scenario = {
  name: 'link-down',
  summary: "the sender's interface is set down: its farewell is refused, and it waits in FAULT until the link is back",
  cause: 'rejected-locally',
  defaultSeconds: 4,
  makesLate: true,
  pair: { family: 4 },
  inject: (pair, options) =>
    held(
      pair,
      options,
      {
        kind: 'shell',
        begin: 'ip -n "$1" link set eth0 down',
        end: 'ip -n "$1" link set eth0 up',
        args: [pair.sender.namespace],
      },
      { cause: 'rejected-locally', how: `eth0 of ${pair.sender.namespace} was down` },
    ),
}

/** IPv4: raw sockets of IPv6 are told of such a drop (-ENOBUFS), which is a refusal then. */
export const dropped: Scenario = {
  name: 'dropped',
  summary: 'the adverts are dropped behind the sender’s socket and before any link: sendmsg succeeds, nothing arrives',
  cause: 'path',
  defaultSeconds: 4,
  makesLate: true,
  pair: { family: 4 },
  refusal: needsNft,
  inject: (pair, options) =>
    held(pair, options, ruleHold(pair, 'netdev', 'type filter hook egress device "eth0" priority 0;'), {
      cause: 'path',
      how: `nft dropped protocol 112 in the egress hook of eth0 of ${pair.sender.namespace}`,
    }),
}
