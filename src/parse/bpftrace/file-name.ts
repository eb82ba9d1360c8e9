// What a descriptor is called, from what the kernel says about it: mode, parent and name for a file; family, protocol
// and peer for a socket. Enough to tell a log file from a timer and the VRRP socket from `/dev/log`:
//
//   33188 0 0 0 0 log syslog          -> log/syslog
//   384 0 0 0 0 [timerfd] [timerfd]   -> [timerfd]
//   49663 2 112 0 301990080           -> raw socket 112
//   49663 1 0 0 0 '' /run/dev-log     -> unix socket /run/dev-log

const socketMode = 0o140000
const typeMask = 0o170000
/** Mode 1 is ours: the name is a path as the program gave it. */
export const pathMode = 1

const families: Readonly<Record<number, string>> = { 1: 'unix', 2: 'inet', 10: 'inet6', 16: 'netlink', 17: 'packet' }
const protocols: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp6' }

export interface FileWords {
  readonly mode: number
  readonly family: number
  readonly protocol: number
  /** Peer's, as it lies in memory: big-endian. */
  readonly port: number
  readonly address: number
  readonly parent: string
  readonly name: string
}

/** '' when the kernel did not say. */
export function fileNameOf(words: FileWords): string {
  if (words.mode === pathMode) return words.name
  if ((words.mode & typeMask) === socketMode) return socketNameOf(words)
  if (words.name === '' || words.parent === '' || words.parent === '/' || words.parent === words.name)
    return words.parent === '/' && words.name !== '/' ? `/${words.name}` : words.name
  return `${words.parent}/${words.name}`
}

function socketNameOf({ family, protocol, port, address, name }: FileWords): string {
  if (family === 1) return name === '' ? 'unix socket' : `unix socket ${name}`
  if (family !== 2 && family !== 10) return `${families[family] ?? `family ${family}`} socket`
  const known = protocols[protocol]
  const what = known === undefined ? `raw socket ${protocol}` : `${known} socket`
  if (family === 10 || address === 0) return what
  const bytes = [0, 8, 16, 24].map((shift) => (address >>> shift) & 255).join('.')
  return port === 0 ? `${what} ${bytes}` : `${what} ${bytes}:${((port & 255) << 8) | (port >> 8)}`
}
