// The recordings of kernels among the given files, one after the other, each into the vantage that it belongs to.
//
//   host.scap0 host.scap1    one machine, the second where the first ends: one vantage, as a tool that was restarted
//   host.scap guest.scap     two of them, told apart later by what is in them (placing.ts)

import type { Instant, Window } from '../../time/instant.ts'
import { coveredBy, tellOpen, type Covered } from './coverage.ts'
import type { Engine } from '../../engine/engine.ts'
import { vantageName } from '../../engine/kernels/guest-view.ts'
import type { Source } from './import-sources.ts'
import type { Play } from './play-file.ts'

/** Files of one kernel, in order. */
export interface KernelFiles {
  readonly part: string
  readonly sources: readonly Source[]
  readonly covered: readonly Covered[]
}

export interface KernelPlays {
  /** Yields after each piece. */
  steps(): AsyncGenerator<void>
  /** Once all is played, or no more will be: what they leave open of the capture, each by the capture's clock. */
  tellOpen(capture: Window, isAllPlayed: boolean): void
}

/** Recorders hand over from one file to the next without a stamp in common, give or take the rings of the CPUs. */
const overlap = 50e6

/** What was wished for, without the number that makes it unique. */
const wishOf = (part: string): string => (/^\d*$/.test(part) ? '' : part.replace(/-\d+$/, ''))

/** It goes on where these end: the same machine by the same name. */
function goesOn(files: KernelFiles, source: Source, beginsAt: Instant | undefined): boolean {
  const [first] = files.sources
  const until = files.covered.at(-1)?.window?.to
  return (
    first !== undefined &&
    until !== undefined &&
    beginsAt !== undefined &&
    first.kind === source.kind &&
    first.host === source.host &&
    wishOf(files.part) === wishOf(source.part) &&
    beginsAt >= until - overlap
  )
}

/** `open`: into the vantage of this part, as so many files of it came before. */
export function kernelPlays(
  engine: Engine,
  sources: readonly { readonly source: Source; readonly beginsAt: Instant | undefined }[],
  at: Instant,
  open: (source: Source, part: string, life: number) => Play,
): KernelPlays {
  const kernels: KernelFiles[] = []

  function tellStarted({ part, sources: own }: KernelFiles): void {
    const detail = own.map(({ name }) => name).join(', ')
    engine.take({ kind: 'started', probe: 'sysdig', part, at, pid: undefined, tool: 'file', version: '', detail })
  }

  async function* playOne(source: Source, beginsAt: Instant | undefined): AsyncGenerator<void> {
    const index = kernels.findIndex((one) => goesOn(one, source, beginsAt))
    const known = kernels[index]
    const files: KernelFiles = {
      part: known?.part ?? source.part,
      sources: [...(known?.sources ?? []), source],
      covered: known?.covered ?? [],
    }
    tellStarted(files)
    const play = open(source, files.part, files.covered.length)
    try {
      while (await play.next()) yield
    } finally {
      await play.close()
    }
    const whole = { ...files, covered: [...files.covered, coveredBy(engine, play)] }
    if (index === -1) kernels.push(whole)
    else kernels[index] = whole
  }

  return {
    async *steps() {
      for (const { source, beginsAt } of sources.toSorted((a, b) => (a.beginsAt ?? 0) - (b.beginsAt ?? 0)))
        yield* playOne(source, beginsAt)
    },
    tellOpen(capture, isAllPlayed) {
      let isHostSeen = false
      for (const { vantage, placing } of engine.kernels()) {
        const covered = kernels.find((one) => one.part === vantage.part)?.covered ?? []
        if (placing.kind === 'here' && covered.length > 0) {
          isHostSeen = true
          tellOpen(engine, 'sysdig', covered, capture)
        }
        if (placing.kind !== 'guest') continue
        const { clock } = placing
        const aligned = covered.map(({ name, window }) => ({
          name,
          window: window === undefined ? undefined : { from: clock.here(window.from), to: clock.here(window.to) },
        }))
        tellOpen(engine, 'sysdig', aligned, capture, vantageName(vantage))
      }
      if (isHostSeen || kernels.length === 0 || !isAllPlayed) return
      const reason = 'no system calls or switches of the host were given'
      const remedy = 'Give them with --scap FILE (sysdig -w FILE), recorded on the host.'
      engine.blind({ source: 'sysdig', from: at, to: undefined, reason, remedy })
    },
  }
}
