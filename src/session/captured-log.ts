// A log that somebody kept beside a capture. Of use today: what tcpdump said at its end.
//
//   330843 packets dropped by kernel

import { readCaptured } from './file-source.ts'

const mostBytes = 1024 * 1024
const dropLine = /^(?<total>\d{1,15}) packets? dropped by (?:kernel|interface)/gm

/** Packets that tcpdump lost; undefined when the log is not tcpdump's. */
export async function readCaptureDrops(path: string): Promise<number | undefined> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of readCaptured(path)) {
    text += decoder.decode(chunk, { stream: true })
    bytes += chunk.length
    if (bytes >= mostBytes) break
  }
  const totals = [...text.matchAll(dropLine)].map((match) => Number(match.groups?.['total'] ?? 0))
  return totals.length === 0 ? undefined : totals.reduce((sum, one) => sum + one, 0)
}
