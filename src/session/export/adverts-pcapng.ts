// `export --to pcapng`: every advert as it was captured, with the name of its link, and at each late one a comment that says
// how late, by which wire signature, and why. Wireshark shows it: frame.comment, pkt_comment.

import { isByOwnTimer, latenessOf } from '../../diagnose/lateness.ts'
import { epochAt, type Epoch } from '../../time/instant.ts'
import { formatSpan } from '../../time/format.ts'
import { blankPasswords } from '../../bundle/advert-password.ts'
import { interfaceBlock, packetBlock, sectionBlock } from '../../bundle/pcapng-blocks.ts'
import type { ExportedAdvert } from './exported-bundle.ts'
import type { Pseudonyms } from '../../bundle/redact/pseudonyms.ts'
import { redactedFrame } from '../../bundle/redact/redacted-frame.ts'

const ethernet = 1

function commentOf({ view }: ExportedAdvert, redact: (text: string) => string): string | undefined {
  if (view === undefined) return undefined
  const { late, explanation } = view
  const verdict =
    explanation === undefined ? '' : ` ${explanation.cause} (${explanation.confidence}): ${redact(explanation.summary)}`
  return `whylate: late ${late.number}, ${formatSpan(latenessOf(late))} past due${isByOwnTimer(late) ? ' by its own timer' : ''}, gap ${formatSpan(late.gap)}, ${late.wire}.${verdict}`
}

export interface PcapngWriter {
  head(): Uint8Array
  advert(one: ExportedAdvert): Uint8Array[]
}

/** `names`: redacted; undefined: as it was captured, but for passwords. */
export function createPcapngWriter(origin: Epoch, version: string, names: Pseudonyms | undefined): PcapngWriter {
  const interfaces = new Map<string, number>()
  const redact = (text: string): string => names?.text(text) ?? text
  return {
    head: () => sectionBlock(`whylate ${version}`),
    advert(one) {
      const { advert, linkType, wireBytes } = one
      let frame = one.bytes
      if (names === undefined) blankPasswords(frame, 0, frame.length, wireBytes, linkType)
      else frame = redactedFrame(advert, names)
      const type = names === undefined ? linkType : ethernet
      const key = `${type} ${advert.link}`
      const blocks: Uint8Array[] = []
      let interfaceNumber = interfaces.get(key)
      if (interfaceNumber === undefined) {
        interfaceNumber = interfaces.size
        interfaces.set(key, interfaceNumber)
        blocks.push(interfaceBlock(type, names === undefined ? advert.link : names.text(advert.link)))
      }
      blocks.push(
        packetBlock({
          bytes: frame,
          wireBytes: names === undefined ? wireBytes : frame.length,
          epoch: epochAt(advert.at, origin),
          interfaceNumber,
          isOutgoing: advert.isOutgoing,
          comment: commentOf(one, redact),
        }),
      )
      return blocks
    },
  }
}
