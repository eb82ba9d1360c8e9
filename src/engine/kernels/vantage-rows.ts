// The row of a kernel's recording in the list of probes: which guest it is from and how its clock was found to be off, or
// why nothing of it is used.

import { formatSpan } from '../../time/format.ts'
import { spanOf } from '../../time/instant.ts'
import type { OtherClock } from '../../time/other-clock.ts'
import { guestTitle } from '../../diagnose/guest/guest-title.ts'
import { vantageName } from './guest-view.ts'
import type { PlacedVantage } from './kernel-vantages.ts'
import type { ProbeView } from '../snapshot.ts'

function clockPhrase({ offset, drift, error, steps }: OtherClock): string {
  const direction = offset < 0 ? 'ahead' : 'behind'
  const ppm = drift === 0 ? '' : `, ${drift > 0 ? '+' : '-'}${Math.abs(drift * 1e6).toFixed(1)} ppm`
  const stepped = steps.length === 0 ? '' : `, stepped ${steps.length === 1 ? 'once' : `${steps.length} times`}`
  return `its clock ${formatSpan(spanOf(Math.abs(offset)))} ${direction}${ppm}${stepped}, told to ± ${formatSpan(error)}`
}

/** `stands`: what the host knows of a guest that says nothing. */
export function vantageRow(
  view: ProbeView,
  placed: readonly PlacedVantage[],
  stands: (part: string) => string | undefined,
): ProbeView {
  if (view.name !== 'sysdig') return view
  const one = placed.find(({ vantage }) => vantage.part === view.part)
  // One that never spoke is known by its name only.
  if (one === undefined) return view
  if (one.placing.kind === 'here') return { ...view, part: '' }
  const { vantage, placing } = one
  const part = vantageName(vantage)
  if (view.isSilent) {
    const known = stands(part)
    return { ...view, part, reason: known === undefined ? view.reason : `${view.reason}: ${known}` }
  }
  if (placing.kind === 'unplaced' && (view.state === 'ok' || view.state === 'degraded')) {
    const reason = `nothing of it is used: ${placing.reason}`
    return { ...view, part, state: 'degraded', reason }
  }
  if (placing.kind === 'unplaced') return { ...view, part }
  const inside = `inside ${guestTitle(part)}, ${clockPhrase(placing.clock)}`
  return { ...view, part, detail: view.detail === '' ? inside : `${view.detail}; ${inside}` }
}
