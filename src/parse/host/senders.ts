// Who can send adverts, from the JSON of a `senders` line. One that has no pid is left out.
//
// Our sampler never writes command lines down. Somebody who puts files together by hand may add `args`, as in
// /proc/PID/cmdline: of a qemu it is read whether the kernel carries its frames.

import type { GuestDisk, Sender, Vhost } from '../../events/host.ts'
import { qemuArgumentsOf } from '../qemu-arguments.ts'
import { entriesIn, isRecord, numberIn, textIn, textsIn } from './fields.ts'

export function sendersOf(list: readonly unknown[]): readonly Sender[] {
  return list.flatMap((one) => {
    const sender = senderOf(one)
    return sender === undefined ? [] : [sender]
  })
}

function senderOf(value: unknown): Sender | undefined {
  if (!isRecord(value)) return undefined
  const pid = numberIn(value['pid'])
  const kind = value['kind']
  if (pid === undefined || (kind !== 'keepalived' && kind !== 'qemu')) return undefined
  const comm = textIn(value['comm']) ?? ''
  const files: Record<string, string> = {}
  for (const [fd, file] of entriesIn(value['files'])) if (typeof file === 'string') files[fd] = file
  return {
    pid,
    comm,
    name: textIn(value['name']) ?? comm,
    kind,
    links: textsIn(value['links']),
    addresses: textsIn(value['addresses']),
    threads: threadsOf(value['threads']),
    files,
    ...(kind === 'qemu'
      ? { ...vhostOf(files, textsIn(value['args'])), ...disksOf(value['disks']), ...macsOf(value['macs']) }
      : {}),
  }
}

function vhostOf(files: Sender['files'], args: readonly string[]): { readonly vhost?: Vhost } {
  const held = Object.entries(files).find(([, file]) => file === '/dev/vhost-net')
  if (held !== undefined) return { vhost: { isOn: true, because: `it holds /dev/vhost-net (fd ${held[0]})` } }
  const { netdevs } = qemuArgumentsOf(args)
  const asked = netdevs.filter((one) => one.isVhostAsked)
  const [first] = asked
  if (first !== undefined && asked.length === netdevs.length) {
    const fds = first.vhostFds.map((fd) => `,vhostfd=${fd}`).join('')
    return { vhost: { isOn: true, because: `its command line has vhost=on${fds}` } }
  }
  return asked.length === 0 && netdevs.length > 0
    ? { vhost: { isOn: false, because: 'its command line does not ask for vhost' } }
    : {}
}

function macsOf(value: unknown): { readonly macs?: NonNullable<Sender['macs']> } {
  const macs = entriesIn(value).map(([link, all]) => [link, textsIn(all)] as const)
  return macs.length === 0 ? {} : { macs: Object.fromEntries(macs) }
}

function disksOf(value: unknown): { readonly disks?: readonly GuestDisk[] } {
  if (!Array.isArray(value)) return {}
  const disks = value.flatMap((disk: unknown): GuestDisk[] => {
    const file = isRecord(disk) ? textIn(disk['file']) : undefined
    if (!isRecord(disk) || file === undefined) return []
    const device = textIn(disk['device'])
    return [{ file, isDirect: disk['isDirect'] === true, ...(device === undefined ? {} : { device }) }]
  })
  return { disks }
}

function threadsOf(value: unknown): Sender['threads'] {
  if (!Array.isArray(value)) return []
  return value.flatMap((thread: unknown) => {
    const tid = isRecord(thread) ? numberIn(thread['tid']) : undefined
    if (!isRecord(thread) || tid === undefined) return []
    return [{ tid, comm: textIn(thread['comm']) ?? '', role: textIn(thread['role']) ?? '' }]
  })
}
