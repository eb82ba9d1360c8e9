// Real tcpdump, dumpcap and mergecap over a real keepalived 2.2.7 pair. Times, ids and counts are those that `tcpdump -r` prints.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readCapture, summaryOf, type ReadOptions } from '../../fixtures/packet-record.ts'

const folder = join(import.meta.dirname, '../../captures/pcap')
const summarize = (name: string, options: ReadOptions = {}): string =>
  summaryOf(readCapture(readFileSync(join(folder, name)), options)).join('\n')
const ofTcpdump = (what: string, options: ReadOptions = {}): string =>
  summarize(`tcpdump-4.99.3-keepalived-2.2.7-${what}.pcap`, options)

describe('VRRPv2 with a password', () => {
  test('seen with -i any, as SLL2', () => {
    const linkName = (ifindex: number): string | undefined => (ifindex === 2 ? 'eth0' : undefined)
    expect(ofTcpdump('v2-password-any-sll2-ns', { linkName })).toMatchInlineSnapshot(`
      "eth0 out v2 vrid 205 192.0.2.11>224.0.0.18 password ok 1000ms hl 255 [192.0.2.7]: 4 adverts, first 2026-11-22T13:47:28.629369303Z, prio 101 0, ids 1 2 3 4
      eth0 in v2 vrid 205 192.0.2.12>224.0.0.18 password ok 1000ms hl 255 [192.0.2.7]: 2 adverts, first 2026-11-22T13:47:31.586004857Z, prio 100 0, ids 1 2
      4 eth0 in icmp6, 4 eth0 out other, 3 eth0 in other, 1 if5 out icmp6, 1 if4 out icmp6, 1 if5.20 in icmp6, 1 if6 out icmp6, 1 if3 out icmp6, 1 if5 in icmp6, 1 eth0 out icmp6, 5 eth0 out arp, 5 eth0 in arp"
    `)
  })
  test('seen with -y LINUX_SLL, in microseconds', () => {
    expect(ofTcpdump('v2-password-any-sll-us')).toMatchInlineSnapshot(`
      "any out v2 vrid 205 192.0.2.11>224.0.0.18 password ok 1000ms hl 255 [192.0.2.7]: 4 adverts, first 2026-11-22T13:47:28.629369000Z, prio 101 0, ids 1 2 3 4
      any in v2 vrid 205 192.0.2.12>224.0.0.18 password ok 1000ms hl 255 [192.0.2.7]: 2 adverts, first 2026-11-22T13:47:31.586004000Z, prio 100 0, ids 1 2
      4 any in icmp6, 4 any out other, 3 any in other, 5 any out icmp6, 1 any.20 in icmp6, 1 any.10 in icmp6, 5 any out arp, 5 any in arp"
    `)
  })
  test('seen on one interface', () => {
    expect(ofTcpdump('v2-password-eth0-ns', { link: 'eth0' })).toMatchInlineSnapshot(`
      "eth0 v2 vrid 205 192.0.2.11>224.0.0.18 password ok 1000ms hl 255 [192.0.2.7]: 4 adverts, first 2026-11-22T13:47:28.629369303Z, prio 101 0, ids 1 2 3 4
      eth0 v2 vrid 205 192.0.2.12>224.0.0.18 password ok 1000ms hl 255 [192.0.2.7]: 2 adverts, first 2026-11-22T13:47:31.586004857Z, prio 100 0, ids 1 2
      5 eth0 icmp6, 7 eth0 other, 10 eth0 arp"
    `)
  })
  test('seen on one interface, in microseconds', () => {
    expect(ofTcpdump('v2-password-eth0-us', { link: 'eth0' })).toMatchInlineSnapshot(`
      "eth0 v2 vrid 205 192.0.2.11>224.0.0.18 password ok 1000ms hl 255 [192.0.2.7]: 4 adverts, first 2026-11-22T13:47:28.629369000Z, prio 101 0, ids 1 2 3 4
      eth0 v2 vrid 205 192.0.2.12>224.0.0.18 password ok 1000ms hl 255 [192.0.2.7]: 2 adverts, first 2026-11-22T13:47:31.586004000Z, prio 100 0, ids 1 2
      5 eth0 icmp6, 7 eth0 other, 10 eth0 arp"
    `)
  })
})

describe('VRRPv2 behind an Authentication Header', () => {
  test('seen on one interface', () => {
    expect(ofTcpdump('v2-ah-eth0-ns', { link: 'eth0' })).toMatchInlineSnapshot(`
      "eth0 v2 vrid 41 192.0.2.12>224.0.0.18 ah ok 1000ms hl 255 [192.0.2.8]: 3 adverts, first 2026-11-22T13:47:37.492820439Z, prio 100 0, ids 1 2 3
      eth0 v2 vrid 41 192.0.2.11>224.0.0.18 ah ok 1000ms hl 255 [192.0.2.8]: 4 adverts, first 2026-11-22T13:47:37.505685405Z, prio 101 0, ids 1 2 3 4
      9 eth0 other, 2 eth0 icmp6, 15 eth0 arp"
    `)
  })
  test('seen with -i any', () => {
    expect(ofTcpdump('v2-ah-any-sll2-ns')).toMatchInlineSnapshot(`
      "if2 in v2 vrid 41 192.0.2.12>224.0.0.18 ah ok 1000ms hl 255 [192.0.2.8]: 3 adverts, first 2026-11-22T13:47:37.492820439Z, prio 100 0, ids 1 2 3
      if2 out v2 vrid 41 192.0.2.11>224.0.0.18 ah ok 1000ms hl 255 [192.0.2.8]: 4 adverts, first 2026-11-22T13:47:37.505685405Z, prio 101 0, ids 1 2 3 4
      5 if2 in other, 4 if2 out other, 1 if5 out icmp6, 1 if6 out icmp6, 1 if4 out icmp6, 1 if5.20 in icmp6, 1 if2 out icmp6, 1 if3 out icmp6, 1 if5 in icmp6, 1 if2 in icmp6, 10 if2 in arp, 5 if2 out arp"
    `)
  })
})

describe('VRRPv3', () => {
  test('over IPv4, two addresses, 200 ms', () => {
    expect(ofTcpdump('v3-ipv4-any-sll2-ns')).toMatchInlineSnapshot(`
      "if2 in v3 vrid 33 192.0.2.12>224.0.0.18 none ok 200ms hl 255 [192.0.2.9 192.0.2.10]: 9 adverts, first 2026-11-22T13:47:43.444865479Z, prio 100 0, ids 1 2 3 4 5 6 7 8 9
      if2 out v3 vrid 33 192.0.2.11>224.0.0.18 none ok 200ms hl 255 [192.0.2.9 192.0.2.10]: 18 adverts, first 2026-11-22T13:47:43.467803069Z, prio 101 0, ids 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18
      3 if2 in other, 4 if2 out other, 20 if2 in arp, 7 if2 out arp"
    `)
  })
  test('over IPv4 on one interface, in microseconds', () => {
    expect(ofTcpdump('v3-ipv4-eth0-us', { link: 'eth0' })).toMatchInlineSnapshot(`
      "eth0 v3 vrid 33 192.0.2.12>224.0.0.18 none ok 200ms hl 255 [192.0.2.9 192.0.2.10]: 9 adverts, first 2026-11-22T13:47:43.444865000Z, prio 100 0, ids 1 2 3 4 5 6 7 8 9
      eth0 v3 vrid 33 192.0.2.11>224.0.0.18 none ok 200ms hl 255 [192.0.2.9 192.0.2.10]: 18 adverts, first 2026-11-22T13:47:43.467803000Z, prio 101 0, ids 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18
      7 eth0 other, 30 eth0 arp"
    `)
  })
  test('over IPv6', () => {
    expect(ofTcpdump('v3-ipv6-eth0-ns', { link: 'eth0' })).toMatchInlineSnapshot(`
      "eth0 v3 vrid 66 fe80::78b7:61ff:fe78:b1ca>ff02::12 none ok 500ms hl 255 [fe80::7 2001:db8::7]: 8 adverts, first 2026-11-22T13:47:51.384050480Z, prio 101 0, ids - - - - - - - -
      eth0 v3 vrid 66 fe80::84ba:41ff:fe92:69e4>ff02::12 none ok 500ms hl 255 [fe80::7 2001:db8::7]: 4 adverts, first 2026-11-22T13:47:54.878168563Z, prio 100 0, ids - - - -
      1 eth0 other, 34 eth0 icmp6"
    `)
  })
  test('over IPv6 with -i any', () => {
    expect(ofTcpdump('v3-ipv6-any-sll2-ns')).toMatchInlineSnapshot(`
      "if2 out v3 vrid 66 fe80::78b7:61ff:fe78:b1ca>ff02::12 none ok 500ms hl 255 [fe80::7 2001:db8::7]: 8 adverts, first 2026-11-22T13:47:51.384050480Z, prio 101 0, ids - - - - - - - -
      if2 in v3 vrid 66 fe80::84ba:41ff:fe92:69e4>ff02::12 none ok 500ms hl 255 [fe80::7 2001:db8::7]: 4 adverts, first 2026-11-22T13:47:54.878168563Z, prio 100 0, ids - - - -
      1 if2 in other, 13 if2 out icmp6, 17 if2 in icmp6, 1 if4 out icmp6, 1 if6 out icmp6, 1 if5 out icmp6, 1 if5.20 in icmp6, 1 if3 out icmp6, 1 if5 in icmp6"
    `)
  })
  test('to a peer', () => {
    expect(ofTcpdump('v3-unicast-eth0-ns', { link: 'eth0' })).toMatchInlineSnapshot(`
      "eth0 v3 vrid 51 192.0.2.11>192.0.2.12 none ok 500ms hl 255 [192.0.2.99]: 8 adverts, first 2026-11-22T13:47:59.250013657Z, prio 101 0, ids 1 2 3 4 5 6 7 8
      eth0 v3 vrid 51 192.0.2.12>192.0.2.11 none ok 500ms hl 255 [192.0.2.99]: 4 adverts, first 2026-11-22T13:48:02.738931292Z, prio 100 0, ids 1 2 3 4
      12 eth0 arp, 4 eth0 icmp"
    `)
  })
  test('to a peer with old_unicast_checksum on one side', () => {
    expect(ofTcpdump('v3-unicast-oldsum-eth0-ns', { link: 'eth0' })).toMatchInlineSnapshot(`
      "eth0 v3 vrid 52 192.0.2.12>192.0.2.11 none ok 500ms hl 255 [192.0.2.99]: 5 adverts, first 2026-11-22T13:48:07.131326109Z, prio 100 0, ids 1 2 3 4 5
      eth0 v3 vrid 52 192.0.2.11>192.0.2.12 none ok-with-multicast-pseudo-header 500ms hl 255 [192.0.2.99]: 6 adverts, first 2026-11-22T13:48:07.145923143Z, prio 101 0, ids 1 2 3 4 5 6
      17 eth0 arp, 4 eth0 icmp"
    `)
  })
  test('from a use_vmac interface, seen twice with -i any', () => {
    expect(ofTcpdump('v3-vmac-any-sll2-ns')).toMatchInlineSnapshot(`
      "if2 out v3 vrid 77 192.0.2.11>224.0.0.18 none ok 500ms hl 255 [192.0.2.77]: 6 adverts, first 2026-11-22T13:48:26.724694411Z, prio 101 0, ids 1 2 3 4 5 6
      if2 in v3 vrid 77 192.0.2.12>224.0.0.18 none ok 500ms hl 255 [192.0.2.77]: 4 adverts, first 2026-11-22T13:48:29.190093039Z, prio 100 0, ids 1 2 3 4
      if7 in v3 vrid 77 192.0.2.12>224.0.0.18 none ok 500ms hl 255 [192.0.2.77]: 2 adverts, first 2026-11-22T13:48:29.190093039Z, prio 100, ids 1 2
      4 if2 out icmp6, 3 if2 in icmp6, 4 if2 out other, 3 if2 in other, 5 if7 out arp, 5 if2 out arp, 1 if5 out icmp6, 1 if6 out icmp6, 1 if4 out icmp6, 1 if5.20 in icmp6, 5 if2 in arp, 5 if7 in arp"
    `)
  })
  test('through a tun device: raw IP', () => {
    expect(ofTcpdump('v3-rawip-unicast-tun0-us', { link: 'tun0' })).toMatchInlineSnapshot(
      `"tun0 v3 vrid 90 10.9.0.1>10.9.0.2 none ok 500ms hl 255 [10.9.0.77]: 4 adverts, first 2026-11-22T13:48:33.552696000Z, prio 101 0, ids 1 2 3 4"`,
    )
  })
})

describe('VLANs: eth10 is an access port, trunk0 the trunk', () => {
  test('one tag on the trunk', () => {
    expect(ofTcpdump('v2-vlan10-trunk0-ns', { link: 'trunk0' })).toMatchInlineSnapshot(`
      "trunk0.10 v2 vrid 10 198.51.100.11>224.0.0.18 password ok 1000ms hl 255 [198.51.100.7]: 2 adverts, first 2026-11-22T13:48:15.789461492Z, prio 101 0, ids 1 2
      4 trunk0.10 other, 5 trunk0.10 arp"
    `)
  })
  test('SLL2 has lost the tag: the interface is all that tells the two apart', () => {
    expect(ofTcpdump('v2-vlan10-any-sll2-ns')).toMatchInlineSnapshot(`
      "if3 out v2 vrid 10 198.51.100.11>224.0.0.18 password ok 1000ms hl 255 [198.51.100.7]: 2 adverts, first 2026-11-22T13:48:15.789122019Z, prio 101 0, ids 1 2
      if5 in v2 vrid 10 198.51.100.11>224.0.0.18 password ok 1000ms hl 255 [198.51.100.7]: 2 adverts, first 2026-11-22T13:48:15.789461492Z, prio 101 0, ids 1 2
      4 if3 out other, 4 if5 in other, 5 if3 out arp, 5 if5 in arp"
    `)
  })
  test('SLL keeps the tag', () => {
    expect(ofTcpdump('v2-vlan10-any-sll-us')).toMatchInlineSnapshot(`
      "any out v2 vrid 10 198.51.100.11>224.0.0.18 password ok 1000ms hl 255 [198.51.100.7]: 2 adverts, first 2026-11-22T13:48:15.789122000Z, prio 101 0, ids 1 2
      any.10 in v2 vrid 10 198.51.100.11>224.0.0.18 password ok 1000ms hl 255 [198.51.100.7]: 2 adverts, first 2026-11-22T13:48:15.789461000Z, prio 101 0, ids 1 2
      4 any out other, 4 any.10 in other, 5 any out arp, 5 any.10 in arp"
    `)
  })
  test('two tags on the trunk', () => {
    expect(ofTcpdump('v3-qinq-trunk0-ns', { link: 'trunk0' })).toMatchInlineSnapshot(`
      "trunk0.20 v3 vrid 20 203.0.113.11>224.0.0.18 none ok 500ms hl 255 [203.0.113.7]: 4 adverts, first 2026-11-22T13:48:20.866414043Z, prio 101 0, ids 1 2 3 4
      4 trunk0.20 other, 5 trunk0.20 arp"
    `)
  })
  test('two tags with SLL2, which tcpdump itself prints as "IP0 (invalid)"', () => {
    expect(ofTcpdump('v3-qinq-any-sll2-ns')).toMatchInlineSnapshot(`
      "if4 out v3 vrid 20 203.0.113.11>224.0.0.18 none ok 500ms hl 255 [203.0.113.7]: 4 adverts, first 2026-11-22T13:48:20.855063018Z, prio 101 0, ids 1 2 3 4
      if5.20 in v3 vrid 20 203.0.113.11>224.0.0.18 none ok 500ms hl 255 [203.0.113.7]: 4 adverts, first 2026-11-22T13:48:20.866414043Z, prio 101 0, ids 1 2 3 4
      4 if4 out other, 4 if5.20 in other, 5 if4 out arp, 5 if5.20 in arp"
    `)
  })
  test('two tags with SLL', () => {
    expect(ofTcpdump('v3-qinq-any-sll-us')).toMatchInlineSnapshot(`
      "any out v3 vrid 20 203.0.113.11>224.0.0.18 none ok 500ms hl 255 [203.0.113.7]: 4 adverts, first 2026-11-22T13:48:20.855063000Z, prio 101 0, ids 1 2 3 4
      any.20 in v3 vrid 20 203.0.113.11>224.0.0.18 none ok 500ms hl 255 [203.0.113.7]: 4 adverts, first 2026-11-22T13:48:20.866414000Z, prio 101 0, ids 1 2 3 4
      4 any out other, 4 any.20 in other, 5 any out arp, 5 any.20 in arp"
    `)
  })
})

describe('pcapng', () => {
  test('dumpcap on two interfaces names both', () => {
    expect(summarize('dumpcap-4.0.17-keepalived-2.2.7-two-interfaces-ns.pcapng')).toMatchInlineSnapshot(`
      "eth0 v3 vrid 61 192.0.2.11>224.0.0.18 none ok 500ms hl 255 [192.0.2.7]: 12 adverts, first 2026-11-22T13:55:38.303389782Z, prio 120, ids 1 2 3 4 5 6 7 8 9 10 11 12
      eth1 v2 vrid 62 198.51.100.11>224.0.0.18 none ok 1000ms hl 255 [198.51.100.7]: 4 adverts, first 2026-11-22T13:55:40.068326564Z, prio 120, ids 1 2 3 4
      10 eth0 arp, 5 eth1 arp
      ignored 2 pcapng interface statistics"
    `)
  })
  test('dumpcap -i any', () => {
    expect(summarize('dumpcap-4.0.17-keepalived-2.2.7-any-sll.pcapng')).toMatchInlineSnapshot(`
      "any out v3 vrid 61 192.0.2.11>224.0.0.18 none ok 500ms hl 255 [192.0.2.7]: 11 adverts, first 2026-11-22T13:55:38.303389782Z, prio 120, ids 1 2 3 4 5 6 7 8 9 10 11
      any out v2 vrid 62 198.51.100.11>224.0.0.18 none ok 1000ms hl 255 [198.51.100.7]: 4 adverts, first 2026-11-22T13:55:40.068326564Z, prio 120, ids 1 2 3 4
      15 any out arp
      ignored 1 pcapng interface statistics"
    `)
  })
  test('mergecap of a file in microseconds and one in nanoseconds', () => {
    expect(summarize('mergecap-4.0.17-us-and-ns.pcapng')).toMatchInlineSnapshot(`
      "interface-0 v2 vrid 205 192.0.2.11>224.0.0.18 password ok 1000ms hl 255 [192.0.2.7]: 4 adverts, first 2026-11-22T13:47:28.629369000Z, prio 101 0, ids 1 2 3 4
      interface-0 v2 vrid 205 192.0.2.12>224.0.0.18 password ok 1000ms hl 255 [192.0.2.7]: 2 adverts, first 2026-11-22T13:47:31.586004000Z, prio 100 0, ids 1 2
      interface-1 v3 vrid 66 fe80::78b7:61ff:fe78:b1ca>ff02::12 none ok 500ms hl 255 [fe80::7 2001:db8::7]: 8 adverts, first 2026-11-22T13:47:51.384050480Z, prio 101 0, ids - - - - - - - -
      interface-1 v3 vrid 66 fe80::84ba:41ff:fe92:69e4>ff02::12 none ok 500ms hl 255 [fe80::7 2001:db8::7]: 4 adverts, first 2026-11-22T13:47:54.878168563Z, prio 100 0, ids - - - -
      5 interface-0 icmp6, 7 interface-0 other, 10 interface-0 arp, 1 interface-1 other, 34 interface-1 icmp6"
    `)
  })
})

test('no event of any capture holds the password, which is in the clear in their adverts', () => {
  const captures = readdirSync(folder).map((name) => readFileSync(join(folder, name)))
  expect(captures.filter((bytes) => bytes.includes('hunter2x')).length).toBeGreaterThan(5)
  const said = captures.map((bytes) => {
    const { adverts, traffic, malformed } = readCapture(bytes)
    return JSON.stringify([adverts, traffic, malformed])
  })
  expect(said.join('\n')).not.toContain('hunter2x')
})
