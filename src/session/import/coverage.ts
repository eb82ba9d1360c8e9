// What the files of one source leave open of the capture: before they begin, between them, behind their end. A stretch
// that nobody looked at must never look like one in which nothing happened.

import type { ProbeName } from '../../events/probe.ts'
import type { Instant, Window } from '../../time/instant.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Play } from './play-file.ts'

/** How far from the capture's edges a source may begin or end without having missed anything: its own period. */
const slack: Readonly<Record<ProbeName, number>> = {
  tcpdump: 5e9,
  sysdig: 1e9,
  bpftrace: 1e9,
  iostat: 2.5e9,
  host: 0.5e9,
  log: Infinity,
}

/** What one file told of. */
export interface Covered {
  readonly name: string
  readonly window: Window | undefined
}

export function coveredBy(engine: Engine, { source: { probe, part, name }, beginsAt }: Play): Covered {
  const to = engine.heardOf(probe, part)
  const samples = probe === 'iostat' ? engine.store.disks.firstAt : engine.store.beats.firstAt
  const from = probe === 'iostat' || probe === 'host' ? samples : beginsAt
  return { name, window: from === undefined || to === undefined || to < from ? undefined : { from, to } }
}

/** Files of one kind follow one another; what they leave open of the capture could not be seen. */
/** `part`: of this other vantage point. */
export function tellOpen(
  engine: Engine,
  probe: ProbeName,
  files: readonly Covered[],
  capture: Window,
  part?: string,
): void {
  let until = capture.from
  let before = ''
  const tell = (to: Instant, reason: string): void => {
    if (to - until > slack[probe])
      engine.blind({
        source: probe,
        ...(part === undefined ? {} : { part }),
        from: until,
        to,
        reason,
        remedy: undefined,
      })
  }
  for (const { name, window } of files) {
    if (window === undefined) continue
    tell(
      window.from < capture.to ? window.from : capture.to,
      before === '' ? `${name} begins only here` : `nothing between ${before} and ${name}`,
    )
    if (window.to > until) until = window.to
    before = name
  }
  const names = files.map((one) => one.name).join(', ')
  const nothing = engine.malformedOf(probe, part ?? '') > 0 ? 'nothing that can be read' : 'not one event or sample'
  if (files.length > 0) tell(capture.to, before === '' ? `${names} holds ${nothing}` : `${before} ends here`)
}
