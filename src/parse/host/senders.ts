// Who can send adverts, from the JSON of a `senders` line. One that has no pid is left out.

import type { Sender } from '../../events/host.ts'
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
  }
}

function threadsOf(value: unknown): Sender['threads'] {
  if (!Array.isArray(value)) return []
  return value.flatMap((thread: unknown) => {
    const tid = isRecord(thread) ? numberIn(thread['tid']) : undefined
    if (!isRecord(thread) || tid === undefined) return []
    return [{ tid, comm: textIn(thread['comm']) ?? '', role: textIn(thread['role']) ?? '' }]
  })
}
