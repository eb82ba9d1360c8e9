// The addresses of a process's network namespace, so that the source of an advert names its sender.
//
//   /proc/<pid>/net/fib_trie           |-- 10.91.0.1
//                                         /32 host LOCAL
//   /proc/<pid>/net/if_inet6   fe8000000000000054779ffffec64dda 03 40 20 80      wh0
//
// Loopback is left out: no advert comes from it. Addresses are printed as in RFC 5952, as tcpdump does.

import { readOnce } from './kernel-file.ts'

/** A router with a full table has 100 MB of it; the host's own addresses are not found there, and not looked for. */
const mostTrieBytes = 2 << 20
const mostAddresses = 256

export function readLocalAddresses(pid: number): readonly string[] {
  const trie = readOnce(`/proc/${pid}/net/fib_trie`, mostTrieBytes) ?? ''
  const inet6 = readOnce(`/proc/${pid}/net/if_inet6`, mostTrieBytes) ?? ''
  return [...localIpv4Of(trie), ...localIpv6Of(inet6)].slice(0, mostAddresses)
}

export function localIpv4Of(trie: string): readonly string[] {
  const addresses = new Set<string>()
  for (const match of trie.matchAll(/\|-- (\d+\.\d+\.\d+\.\d+)\n\s+\/32 host LOCAL/g)) {
    const address = match[1] ?? ''
    if (!address.startsWith('127.')) addresses.add(address)
  }
  return [...addresses]
}

export function localIpv6Of(inet6: string): readonly string[] {
  const addresses = new Set<string>()
  for (const match of inet6.matchAll(/^([0-9a-f]{32}) /gm)) {
    const address = formatIpv6(match[1] ?? '')
    if (address !== '::1') addresses.add(address)
  }
  return [...addresses]
}

/** 32 hex digits to the short form: the longest run of zero groups, the first of equals, becomes `::`. */
function formatIpv6(hex: string): string {
  const groups = (hex.match(/.{4}/g) ?? []).map((group) => parseInt(group, 16).toString(16))
  let start = 0
  let length = 0
  for (let from = 0; from < groups.length; from++) {
    let to = from
    while (groups[to] === '0') to++
    if (to - from > length) {
      start = from
      length = to - from
    }
  }
  if (length < 2) return groups.join(':')
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
}
