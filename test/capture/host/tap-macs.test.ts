// Which MACs live behind a tap: by a command line of qemu or libvirt, and by what a real bridge has heard.

import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { cardsOf, heardFrom } from '../../../src/capture/host/tap-macs.ts'

test('a card and its tap, as people write them and as libvirt does', () => {
  const byHand = '-netdev tap,id=n0,ifname=tap-a,script=no -device virtio-net-pci,netdev=n0,mac=52:54:00:20:5A:01'
  expect(cardsOf(byHand.split(' '), ['tap-a', 'tap-b'])).toEqual(new Map([['tap-a', ['52:54:00:20:5a:01']]]))
  const libvirt = [
    '-netdev',
    '{"type":"tap","fd":"31","vhost":true,"vhostfd":"33","id":"hostnet0"}',
    '-device',
    '{"driver":"virtio-net-pci","netdev":"hostnet0","id":"net0","mac":"fa:16:3e:20:5a:01","bus":"pci.1"}',
  ]
  expect(cardsOf(libvirt, ['tap-1', 'tap-2'])).toEqual(
    new Map([
      ['tap-1', ['fa:16:3e:20:5a:01']],
      ['tap-2', ['fa:16:3e:20:5a:01']],
    ]),
  )
  expect(cardsOf(['-device', 'virtio-net-pci,mac=nonsense', '-netdev'], ['tap-1'])).toEqual(new Map())
})

const entry = (mac: string, port: number, isLocal = 0): Buffer => {
  const bytes = Buffer.alloc(16)
  Buffer.from(mac.replaceAll(':', ''), 'hex').copy(bytes)
  bytes[6] = port & 255
  bytes[7] = isLocal
  bytes[12] = port >> 8
  return bytes
}

test('of the table of a bridge, what was heard from that port; not its own, nor a piece of an entry', () => {
  const table = Buffer.concat([
    entry('52:54:00:00:00:02', 2),
    entry('52:54:00:00:00:01', 1),
    entry('ee:00:00:00:00:01', 1, 1),
    entry('52:54:00:00:01:01', 257),
    Buffer.alloc(7),
  ])
  expect(heardFrom(1, table)).toEqual(['52:54:00:00:00:01'])
  expect(heardFrom(257, table)).toEqual(['52:54:00:00:01:01'])
})

test.skipIf(process.getuid?.() !== 0)('as the kernel of this machine writes it', () => {
  const script = `
    mount -t sysfs sysfs /sys
    ip link add br0 type bridge mcast_snooping 0 forward_delay 0 && ip link set br0 up
    ip link add p1 type veth peer name q1 && ip link add p2 type veth peer name q2
    ip link set q1 address 52:54:00:00:00:01
    ip link set q2 address 00:00:5e:00:01:cd
    for one in p1 p2; do ip link set $one master br0 up; done
    for one in q1 q2; do ip link set $one up; done
    bridge fdb replace 00:00:5e:00:01:cd dev p2 master dynamic
    bridge fdb replace 52:54:00:00:00:01 dev p1 master dynamic
    cat /sys/class/net/p1/brport/port_no /sys/class/net/p2/brport/port_no
    base64 -w0 /sys/class/net/p1/master/brforward`
  const said = String(execFileSync('unshare', ['-n', '-m', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'pipe'] }))
  const [first = '', second = '', table = ''] = said.trim().split('\n')
  const bytes = Buffer.from(table, 'base64')
  expect(heardFrom(Number(first), bytes)).toEqual(['52:54:00:00:00:01'])
  expect(heardFrom(Number(second), bytes)).toEqual(['00:00:5e:00:01:cd'])
})
