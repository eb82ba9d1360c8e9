// A bundle on its way out: played once for what it came to, and its packets once more for the adverts themselves. A night
// of adverts is never in memory: whoever exports gets them one by one, in order of time.

import type { Evidence } from '../../diagnose/evidence.ts'
import type { WindowView } from '../../diagnose/finding.ts'
import { flowIdOf } from '../../diagnose/flow-table.ts'
import type { Advert } from '../../events/packet.ts'
import type { Span } from '../../time/instant.ts'
import { between } from '../../time/instant.ts'
import { openBundle, type Bundle } from '../../bundle/bundle.ts'
import { probeOfMember, tapeName } from '../../bundle/member-name.ts'
import type { FinishedSession } from '../../engine/finished.ts'
import { openPlayer, type ReplaySettings } from '../replay/replay-player.ts'

export interface ExportedAdvert {
  readonly advert: Advert
  /** The frame as it was captured, and how long it was on the wire. */
  readonly bytes: Uint8Array
  readonly wireBytes: number
  readonly linkType: number
  readonly flow: string
  /** Since the flow's advert before it. */
  readonly gap: Span | undefined
  /** Where it was late. */
  readonly view: WindowView | undefined
}

export interface ExportedBundle {
  readonly session: FinishedSession
  readonly evidence: Evidence
  readonly remarks: readonly string[]
  /** Grows while adverts are read. */
  readonly complaints: readonly string[]
  adverts(): AsyncGenerator<ExportedAdvert>
  close(): Promise<void>
}

/** Several captures are read side by side, a kilobyte each in turn: so much is held back to put them in order. */
const heldBack = 4096

/** Without what only explains: the adverts need their packets, and the tape that says whose they are. */
const packetsOf = (bundle: Bundle): Bundle => ({
  ...bundle,
  names: bundle.names.filter(
    (name) => name === tapeName || probeOfMember(name) === 'tcpdump' || /^tcpdump.*\.pcapng$/.test(name),
  ),
})

const keyOf = (flow: string, at: number): string => `${flow} ${at}`

/** Throws a Fault (exit code 4) for what is no bundle. */
export async function openExportedBundle(path: string, settings: ReplaySettings): Promise<ExportedBundle> {
  const bundle = await openBundle(path)
  const player = openPlayer(bundle, settings)
  try {
    await player.playTo(Infinity, () => false)
  } catch (error) {
    await bundle.close()
    throw error
  } finally {
    await player.close()
  }
  const session = player.finished()
  const views = new Map(session.windows.map((view) => [keyOf(view.late.flow, view.late.at), view]))

  async function* adverts(): AsyncGenerator<ExportedAdvert> {
    let held: ExportedAdvert[] = []
    const last = new Map<string, Advert>()
    const again = openPlayer(packetsOf(bundle), {
      ...settings,
      onAdvert(advert, { bytes, from, to, wireTo, linkType }) {
        const flow = flowIdOf(advert)
        const before = last.get(flow)
        last.set(flow, advert)
        held.push({
          advert,
          bytes: bytes.slice(from, to),
          wireBytes: wireTo - from,
          linkType,
          flow,
          gap: before === undefined ? undefined : between(before.at, advert.at),
          view: views.get(keyOf(flow, advert.at)),
        })
      },
    })
    const inOrder = (): void => {
      held.sort((a, b) => a.advert.at - b.advert.at)
    }
    try {
      while (!again.isOver) {
        await again.playTo(Infinity, () => held.length > 2 * heldBack)
        inOrder()
        const ready = again.isOver ? held : held.slice(0, -heldBack)
        held = again.isOver ? [] : held.slice(-heldBack)
        yield* ready
      }
    } finally {
      await again.close()
    }
  }

  return {
    session,
    evidence: player.engine.evidence,
    remarks: bundle.remarks,
    complaints: bundle.complaints,
    adverts,
    close: () => bundle.close(),
  }
}
