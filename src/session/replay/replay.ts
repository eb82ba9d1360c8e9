// A bundle played back at once, from beginning to end: the same engine, fed by the tape at the tape's own time, gives the
// same answer on every machine. What report is made from; the screen has replay-session.ts.

import { openBundle } from '../../bundle/bundle.ts'
import { readMarks } from '../../bundle/mark-lines.ts'
import type { FinishedSession } from '../../engine/finished.ts'
import { openPlayer, type ReplaySettings } from './replay-player.ts'
import type { Snapshot } from '../../engine/snapshot.ts'

export interface Replayed {
  readonly snapshot: Snapshot
  readonly session: FinishedSession
  /** What is wrong with the bundle, in sentences. */
  readonly complaints: readonly string[]
  readonly remarks: readonly string[]
}

/** Everything at once. Throws a Fault (exit code 4) for what is no bundle. */
export async function replayAll(path: string, settings: ReplaySettings): Promise<Replayed> {
  const bundle = await openBundle(path)
  const player = openPlayer(bundle, settings)
  try {
    await player.playTo(Infinity, () => false)
    const played = player.engine.snapshot({ late: undefined })
    const marks = await readMarks(bundle, played.origin)
    const session = { ...player.finished(), marks }
    const snapshot: Snapshot = { ...played, overdue: session.overdue, marks }
    const { complaints, remarks } = bundle
    return { snapshot, session, complaints: [...complaints], remarks }
  } finally {
    await player.close()
    await bundle.close()
  }
}
