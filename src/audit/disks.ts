// How a guest's disks are served. A slow disk delays no advert by itself; it does where qemu's main loop waits for it.

import type { Finding, Reading } from './finding.ts'
import type { Guest } from './parties.ts'
import type { Disk } from '../parse/qemu-arguments.ts'

const readingOf = ({ file, cache, aio }: Disk): Reading => ({
  where: `disk ${file}`,
  value: `cache ${cache ?? 'writeback (default)'}, aio ${aio ?? 'threads (default)'}`,
})

const isBuffered = ({ cache }: Disk): boolean => cache === undefined || cache === 'writeback' || cache === 'unsafe'

export function diskFindings({ args, subject }: Guest): Finding[] {
  if (args.disks.length === 0) return []
  const read = args.disks.slice(0, 8).map(readingOf)
  const causes = ['qemu-stalled'] as const
  const buffered = args.disks.filter(isBuffered)
  const cache: Finding =
    buffered.length === 0
      ? { id: 'disk-cache', subject, grade: 'fine', says: 'Its disks go past the host’s page cache.', read, causes }
      : {
          id: 'disk-cache',
          subject,
          grade: 'note',
          says: `${buffered.length} of its ${args.disks.length} disks go through the host’s page cache.`,
          read,
          why: 'a flush then waits for the writeback of everybody; adverts wait only if qemu’s main loop is the one that waits',
          source: 'qemu(1), -drive cache=; domain: <driver cache="…"/>',
          change: 'cache=none with aio=native or io_uring',
          causes,
        }
  const threads: Finding =
    args.ioThreads > 0
      ? { id: 'io-threads', subject, grade: 'fine', says: `It has ${args.ioThreads} I/O threads.`, read: [], causes }
      : {
          id: 'io-threads',
          subject,
          grade: 'note',
          says: 'It has no I/O thread: its disks are served by the main loop.',
          read: [{ where: '-object iothread', value: 'none' }],
          why: 'the same loop answers the monitor and, without vhost_net, carries the packets',
          source: 'qemu(1), -object iothread; domain: <iothreads>',
          change: '<iothreads>1</iothreads> and <driver iothread="1"/> for each disk',
          causes,
        }
  return [cache, threads]
}
