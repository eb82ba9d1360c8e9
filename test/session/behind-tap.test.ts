// A tap, and adverts that pass it on their way in: not the guest's, though its qemu holds the tap.

import { execa } from 'execa'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openPair, type Pair } from '../../src/drill/pair.ts'
import type { Flow } from '../../src/diagnose/finding.ts'
import type { Sender } from '../../src/events/host.ts'
import { openLive } from '../../src/session/live.ts'
import { createSenders } from '../../src/engine/senders/senders.ts'
import { instantOf, second } from '../../src/time/instant.ts'

const guestMac = '52:54:00:20:5a:01'
const virtualMac = '00:00:5e:00:01:cd'

const qemu = (pid: number, macs: Sender['macs']): Sender => ({
  pid,
  comm: 'qemu-system-x86',
  name: `vm-${pid}`,
  kind: 'qemu',
  links: ['tap0'],
  addresses: [],
  threads: [],
  files: {},
  ...(macs === undefined ? {} : { macs }),
})

const flowOf = (source: string, sourceMac: string | undefined, lastAt: number): Flow =>
  ({
    id: source,
    source,
    sourceMac,
    link: 'tap0',
    alsoOn: [],
    vrid: 205,
    lastAt: instantOf(lastAt * second),
  }) as unknown as Flow

const sendersWith = (senders: readonly Sender[]) => {
  const all = createSenders(
    () => new Map(),
    () => [],
    () => false,
    () => false,
  )
  all.learn(senders, instantOf(0), [])
  return all
}

describe('by the MAC of its frames', () => {
  test('the guest’s own are the guest’s, another’s are not, and where nobody knows the tap’s holder is taken', () => {
    const known = sendersWith([qemu(71, { tap0: [guestMac] })])
    expect(known.senderOf(flowOf('a', guestMac.toUpperCase(), 9))?.pid).toBe(71)
    expect(known.senderOf(flowOf('b', '52:54:00:20:5a:02', 9))).toBeUndefined()
    expect(known.senderOf(flowOf('c', undefined, 9))?.pid).toBe(71)
    expect(sendersWith([qemu(71, undefined)]).senderOf(flowOf('b', '52:54:00:20:5a:02', 9))?.pid).toBe(71)
  })

  test('of two guests whose taps have one name, it is the one whose MAC it is', () => {
    const twins = sendersWith([qemu(71, { tap0: [guestMac] }), qemu(72, { tap0: ['52:54:00:20:5a:02'] })])
    expect(twins.senderOf(flowOf('a', guestMac, 9))?.pid).toBe(71)
    expect(twins.senderOf(flowOf('b', '52:54:00:20:5a:02', 9))?.pid).toBe(72)
  })

  test('a virtual MAC, which both routers send from, is whose port the bridge had it behind; it stays so after a takeover', () => {
    const all = sendersWith([qemu(71, { tap0: [guestMac, virtualMac] })])
    const own = (lastAt: number): Flow => flowOf('own', virtualMac, lastAt)
    const peer = (lastAt: number): Flow => flowOf('peer', virtualMac, lastAt)
    expect(all.senderOf(own(1))).toBeUndefined()
    expect(all.senderOf(own(10))?.pid).toBe(71)
    // The other one took over 1 s before the bridge was looked at again.
    all.learn([qemu(71, { tap0: [guestMac] })], instantOf(14 * second), [own(10), peer(13.5)])
    expect([all.senderOf(own(10))?.pid, all.senderOf(peer(13.5))]).toEqual([71, undefined])
    expect([all.senderOf(own(10))?.pid, all.senderOf(peer(20))]).toEqual([71, undefined])
    all.learn([qemu(71, { tap0: [guestMac, virtualMac] })], instantOf(22 * second), [own(21.5), peer(20)])
    expect([all.senderOf(own(30))?.pid, all.senderOf(peer(20))]).toEqual([71, undefined])
  })
})

/** Holds a tap on the pair's bridge as a guest would, and says something by it, so that the bridge knows its MAC. */
const holder = `
open my $c, '>', '/proc/self/comm'; print $c 'qemu-by-hand'; close $c; open my $t, '+<', '/dev/net/tun' or die $!;
my $asked = pack('Z16 s x22', 'tap-own', 0x1002); ioctl $t, 0x400454ca, $asked or die $!;
system 'ip link set tap-own master br-drill up'; sleep 1;
syswrite $t, pack('H*', 'ffffffffffff' . '525400205a01' . '88b5') . "\\0" x 46; $| = 1; print "held\\n"; sysread $t, my $frame, 2048 while 1;
`

/** It ends with the pair. */
async function holdTap(pair: Pair): Promise<void> {
  const child = execa('ip', ['netns', 'exec', pair.namespace, 'perl', '-e', holder], {
    env: pair.environment,
    reject: false,
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    void child.then(({ stderr }) => reject(new Error(`no tap: ${stderr}`)))
  })
}

test.skipIf(process.getuid?.() !== 0)(
  'on a real bridge the adverts that go to a guest by its tap are those of the router that sends them',
  { timeout: 60_000, retry: 1 },
  async () => {
    const pair = await openPair()
    try {
      await holdTap(pair)
      const session = await openLive({
        interfaces: ['tap-own'],
        netns: pair.namespace,
        filter: undefined,
        engine: 'none',
        hasIostat: false,
        paths: {},
        vrid: undefined,
        interval: undefined,
        late: undefined,
        budgetBytes: 16 * 1024 * 1024,
      })
      try {
        const holders = () => (session.snapshot().guests ?? []).filter(({ links }) => links.includes('tap-own'))
        const isSeen = () => holders().length > 0 && session.snapshot().flows.length > 0
        for (let i = 0; i < 300 && !isSeen(); i++) await sleep(100)
        expect(holders().map(({ comm }) => comm)).toEqual(['qemu-by-hand'])
        const [flow] = session.snapshot().flows
        expect(flow?.source).toBe(pair.sender.address)
        // Another pair of this machine may have the same address: then it is nobody that is known.
        expect(flow?.sender ?? 'keepalived').toMatch(/^keepalived/)
      } finally {
        await session.stop()
      }
    } finally {
      await pair.close()
    }
  },
)
