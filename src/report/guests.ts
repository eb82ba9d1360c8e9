// The guests of the host in a report: which qemu each is, and what belongs to it, so that everything else can call it by its name.

import type { Guest } from '../engine/kernels/guests.ts'
import type { ReportGuest } from './report-shape.ts'

export const reportGuestOf = ({ vhost, vhostTids, io, disks, ...guest }: Guest): ReportGuest => ({
  name: guest.name,
  pid: guest.pid,
  comm: guest.comm,
  links: guest.links,
  vcpus: guest.vcpus,
  ioThreads: io,
  vhostThreads: vhostTids,
  vhost: vhost === undefined ? null : vhost.isOn,
  cgroups: guest.cgroups,
  disks: disks.map(({ file, device, isDirect }) => ({ file, device: device ?? null, direct: isDirect })),
})

const listed = (tids: readonly number[]): string => tids.join(', ')

function diskPhrase({ file, device, direct }: ReportGuest['disks'][number]): string {
  const backing = device === null ? '' : ` on ${device}`
  return `${file}${backing}${direct ? ', past the page cache' : ''}`
}

/** What is told of it besides its name, each a clause of its own: `qemu 6875`, `2 vCPUs (6880, 6881)`. Not yet escaped. */
export function guestPhrases(guest: ReportGuest): readonly string[] {
  const { links, vcpus, ioThreads, vhostThreads, vhost, cgroups, disks } = guest
  const some = (is: boolean, phrase: string): string[] => (is ? [phrase] : [])
  return [
    `${guest.comm} ${guest.pid}`,
    ...some(links.length > 0, links.join(', ')),
    ...some(vcpus.length > 0, `${vcpus.length} vCPU${vcpus.length === 1 ? '' : 's'} (${listed(vcpus)})`),
    ...some(ioThreads.length > 0, `I/O ${ioThreads.map(({ tid, name }) => `${name} (${tid})`).join(', ')}`),
    ...some(
      vhost !== null,
      vhost === true ? `vhost_net${vhostThreads.length === 0 ? '' : ` (${listed(vhostThreads)})`}` : 'no vhost_net',
    ),
    ...disks.map((disk) => `disk ${diskPhrase(disk)}`),
    ...some(cgroups.length > 0, `cgroup ${cgroups.join(', ')}`),
  ]
}
