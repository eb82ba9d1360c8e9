// Past the sender's own call: held on its link, cut off on the way, or lost by the capture.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathOf } from '../../capture/executable.ts'
import { holdFor } from '../hold.ts'
import { missingFault, runCommand } from '../command.ts'
import { waitFor, type Culprit, type Scenario } from '../scenario.ts'
import type { Pair } from '../pair.ts'

/** A link as a culprit. */
export const linkOf = (name: string): Culprit => ({ kind: 'link', pid: undefined, comm: undefined, name })

/** A port of the bridge is taken out of it, and put back. */
export const portOut: Scenario = {
  name: 'port-out',
  summary: "the BACKUP's port is taken out of the bridge: the adverts leave in time and do not arrive",
  cause: 'path',
  defaultSeconds: 5,
  isSeenAtPeer: true,
  makesLate: true,
  async inject(pair, options) {
    const held = await holdFor(
      {
        kind: 'shell',
        begin: 'ip -n "$1" link set "$2" nomaster',
        end: 'ip -n "$1" link set "$2" master "$3"',
        args: [pair.namespace, pair.peerLink, pair.bridge],
      },
      { ...options, mark: pair.mark },
    )
    return {
      cause: 'path',
      startAt: held.startAt,
      endAt: held.endAt,
      culprit: linkOf(pair.peerLink),
      how: `${pair.peerLink}, the BACKUP's port, was out of the bridge`,
    }
  },
}

// 8 bits a second: the first frame passes on what the bucket holds, the next ones stay. A bucket that is widened lets its
// queue go when the next frame comes; only then may the queue be taken away.
const hold = 'ip netns exec "$1" tc qdisc add dev "$2" root tbf rate 8bit burst 100b limit 100kb'
const letGo =
  'ip netns exec "$1" tc qdisc change dev "$2" root tbf rate 1gbit burst 100kb limit 100kb; read -t "$3" || :; ip netns exec "$1" tc qdisc del dev "$2" root'

async function holdFrames(pair: Pair, options: Parameters<Scenario['inject']>[1], namespace: string, link: string) {
  // The next advert pushes the others out.
  const patience = String(2.2 * pair.options.advertInterval)
  return holdFor(
    { kind: 'shell', begin: hold, end: letGo, args: [namespace, link, patience] },
    { ...options, mark: pair.mark },
  )
}

export const heldLink: Scenario = {
  name: 'held-link',
  summary: "the queue of the sender's own link holds what is sent: issued in time, seen late, in one burst",
  cause: 'tx-held',
  defaultSeconds: 4,
  makesLate: true,
  async inject(pair, options) {
    const { namespace } = pair.sender
    const held = await holdFrames(pair, options, namespace, 'eth0')
    return {
      cause: 'tx-held',
      startAt: held.startAt,
      endAt: held.endAt,
      culprit: linkOf('eth0'),
      alsoGuilty: [linkOf(pair.link)],
      how: `tbf on eth0 of ${namespace}, 8 bits a second`,
    }
  },
}

export const heldWay: Scenario = {
  name: 'held-way',
  summary:
    "the queue of the bridge's port to the BACKUP holds what comes: punctual at the sender, late behind the bridge",
  cause: 'path',
  defaultSeconds: 4,
  isSeenAtPeer: true,
  makesLate: true,
  async inject(pair, options) {
    const held = await holdFrames(pair, options, pair.namespace, pair.peerLink)
    return {
      cause: 'path',
      startAt: held.startAt,
      endAt: held.endAt,
      culprit: linkOf(pair.peerLink),
      how: `tbf on ${pair.peerLink}, 8 bits a second`,
    }
  },
}

/** Next to nothing: some packets. */
const keptKiB = 4

const flooder = `
use Socket; socket my $s, PF_INET, SOCK_RAW, 1 or die "socket: $!"; my $to = sockaddr_in(0, inet_aton($ARGV[0]));
my $ping = pack 'CCnnn', 0, 0, 0, 1, 1; my $end = time + $ARGV[1];
while (time < $end) { send $s, $ping, 0, $to for 1 .. 500 }
`

/** Echo replies that nobody answers: the narrow filter lets them through, and the sender is not kept busy by them. */
export const captureDrops: Scenario = {
  name: 'capture-drops',
  summary: 'a flood of packets and a tcpdump with next to no buffer: the capture loses adverts that were on the wire',
  cause: 'capture-loss',
  defaultSeconds: 4,
  makesLate: true,
  pair: { family: 4 },
  async tcpdump(pair) {
    const real = pathOf('tcpdump')
    if (real === undefined) throw missingFault('tcpdump')
    const path = join(pair.runDirectory, 'tcpdump.sh')
    // What follows -B is replaced; everything else goes on as it is. It counts KiB.
    const script = `#!/bin/sh
left=$#
while [ "$left" -gt 0 ]; do
  one=$1; shift; left=$((left - 1))
  [ "$before" = -B ] && one=${keptKiB}
  before=$one
  set -- "$@" "$one"
done
exec '${real}' "$@"
`
    await writeFile(path, script, { mode: 0o700 })
    return path
  },
  async inject(pair, options) {
    const startAt = pair.now()
    options.onStart?.(startAt)
    const args = [
      'netns',
      'exec',
      pair.backup.namespace,
      'perl',
      '-e',
      flooder,
      pair.sender.address,
      String(options.seconds),
    ]
    await Promise.race([runCommand(pair.mark, 'ip', args), waitFor({ ...options, seconds: options.seconds + 2 })])
    return {
      cause: 'capture-loss',
      startAt,
      endAt: pair.now(),
      culprit: { kind: 'probe', pid: undefined, comm: 'tcpdump', name: 'tcpdump' },
      how: 'a flood of echo replies, and a tcpdump with next to no buffer',
    }
  },
}
