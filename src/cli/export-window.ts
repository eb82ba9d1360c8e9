// What the screen shows of one late advert, as a report of its own in the directory that whylate was started in. A file
// that is there is never written over, a link is never followed, and the name holds nothing of the host.

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { WindowView } from '../diagnose/finding.ts'
import { marksNear } from '../report/words.ts'
import { everything } from '../report/selection.ts'
import type { Exported } from '../screen/live-frame.ts'
import type { ExportForm } from '../screen/prompt.ts'
import type { FinishedSession } from '../engine/finished.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import { formatIso } from '../time/format.ts'
import { before, epochAt } from '../time/instant.ts'
import { formatReport } from './report.ts'

/** A session of this one late advert. */
export function sessionOf(view: WindowView, snapshot: Snapshot): FinishedSession {
  const { origin, host, now, runningFor, replay, probes, flows, guests = [], overdue, blindSpots, marks } = snapshot
  return {
    origin,
    host,
    vantage: 'host',
    from: replay?.from ?? before(now, runningFor),
    to: replay?.to ?? now,
    probes,
    flows,
    guests,
    windows: [view],
    overdue,
    marks: marksNear(view, marks),
    blindSpots,
    // What all late adverts have in common is not asked of one.
    background: { tracks: [], timers: [] },
  }
}

const endings: Readonly<Record<ExportForm, string>> = { text: 'txt', md: 'md', html: 'html' }
const mostTries = 100

const refusals: Readonly<Record<string, string>> = {
  EACCES: 'you may not write to this directory',
  EPERM: 'you may not write to this directory',
  EROFS: 'the file system of this directory is read-only',
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'this directory is not there any more',
}

/** `whylate-late-4-20261126T120326Z.txt`, or with `-2` where that is there. */
function nameOf(view: WindowView, snapshot: Snapshot, form: ExportForm, attempt: number): string {
  const stamp = formatIso(epochAt(view.late.at, snapshot.origin)).slice(0, 19).replaceAll(/[-:]/g, '')
  return `whylate-late-${view.late.number}-${stamp}Z${attempt === 1 ? '' : `-${attempt}`}.${endings[form]}`
}

async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
  try {
    await file.writeFile(text)
  } finally {
    await file.close()
  }
}

export async function exportWindow(view: WindowView, snapshot: Snapshot, form: ExportForm): Promise<Exported> {
  const text = formatReport(sessionOf(view, snapshot), everything, form)
  for (let attempt = 1; attempt <= mostTries; attempt++) {
    try {
      const path = resolve(nameOf(view, snapshot, form, attempt))
      await writeNew(path, text)
      return { sentence: `Written to ${path}`, isWritten: true }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      if (code === 'EEXIST') continue
      return { sentence: `Nothing is exported: ${refusals[code] ?? `of an error (${code})`}.`, isWritten: false }
    }
  }
  return { sentence: `Nothing is exported: ${mostTries} exports of it are here already.`, isWritten: false }
}
