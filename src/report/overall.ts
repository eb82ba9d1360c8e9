// All late adverts together, as a value and in the fewest sentences that say it:
//
//   8 of 8 late adverts: sender-stopped, by node-agent; 100 % of the lateness.
//   8 faults, no period (4 tried, the best p 0.31).
//   Only this router was sending, so how far it reaches is not known.

import type { Flow, WindowView } from '../diagnose/finding.ts'
import { overallOf, type CauseTotal, type Overall } from '../diagnose/overall/overall.ts'
import { fewestEpisodes, type Period, type Periodicity } from '../diagnose/overall/periodicity.ts'
import { contradicts, type Scope } from '../diagnose/overall/scope.ts'
import type { FinishedSession } from '../engine/finished.ts'
import { formatSpan } from '../time/format.ts'
import { spanOf } from '../time/instant.ts'
import { hostText } from './display-width.ts'
import { msOf, orNull, rounded } from './report-number.ts'
import type { ReportOverall } from './report-shape.ts'
import { counted, flowName, formatShare } from './words.ts'

const culpritsTold = 3
const flowsTold = 3

function byPhrase({ culprits, late, befallen }: CauseTotal): string {
  if (culprits.length === 0) return befallen === late ? ', nobody seen to do it' : ''
  const named = culprits.slice(0, culpritsTold).map((one) => {
    const times = culprits.length === 1 && one.late === late ? '' : ` (${one.late})`
    return `${hostText(one.name, 40)}${times}`
  })
  const more = culprits.length > culpritsTold ? ` and ${culprits.length - culpritsTold} more` : ''
  return `, by ${named.join(', ')}${more}`
}

const causePhrase = (one: CauseTotal, of: number): string =>
  `${one.late} of ${of} ${of === 1 ? 'late advert' : 'late adverts'}: ${one.cause}${byPhrase(one)}`

function causeSentence({ causes, main, late }: Overall): string {
  if (main !== undefined) return `${causePhrase(main, late)}; ${formatShare(main.share).trim()} of the lateness.`
  const known = causes.filter((one) => one.cause !== 'unknown')
  if (known.length === 0) return `${counted(late, 'late advert')}: no cause is known.`
  const parts = known.map((one) => `${one.late} ${one.cause} (${formatShare(one.share).trim()})`)
  return `No one cause explains most of the lateness: of ${counted(late, 'late advert')}, ${parts.join(', ')}.`
}

const pText = (p: number): string => (p < 0.001 ? 'p < 0.001' : `p ${p.toPrecision(2)}`)

function periodPhrase({ length, phase, timer }: Period): string {
  const every = `every ${formatSpan(length)}`
  return timer === undefined ? `${every}, ${formatSpan(phase)} in` : `${every}, as ${hostText(timer, 40)} is started`
}

function periodSentence({ verdict, episodes, tried, best }: Periodicity): string {
  const faults = counted(episodes, 'fault')
  switch (verdict) {
    case 'too-few':
      return `${faults}: too few to look for a period (${fewestEpisodes} are needed).`
    case 'too-short':
      return `${faults}: the capture is too short to look for a period.`
    case 'none':
      return `${faults}, no period${best === undefined ? '' : ` (${tried} tried, the best ${pText(best.p)})`}.`
    case 'periodic':
      return best === undefined
        ? `${faults}.`
        : `${faults}, ${periodPhrase(best)} (${pText(best.p)} of ${tried} tried).`
  }
}

function flowList(ids: readonly string[], flows: readonly Flow[]): string {
  const names = ids.slice(0, flowsTold).map((id) => {
    const flow = flows.find((one) => one.id === id)
    return flow === undefined ? hostText(id, 60) : `${flowName(flow, 40)} from ${hostText(flow.source, 40)}`
  })
  return `${names.join(', ')}${ids.length > flowsTold ? ` and ${ids.length - flowsTold} more` : ''}`
}

function reachPhrase(scope: Scope): string {
  switch (scope.reach) {
    case 'only-router':
      return 'No other router was sending just then: how far it reaches is not known'
    case 'router':
      return scope.isOneOfItsSender
        ? 'One VRID only, while others of the same sender were on time: a foreign advert, its interface or its path, rather than the process or the host'
        : 'One router only, while others were on time'
    case 'sender':
      return 'All that one sender sends, and nothing else'
    case 'link':
      return 'All on one link, and nothing else'
    case 'cpu':
      return `All whose senders ran on CPU ${scope.cpu ?? '?'}, and nothing else`
    case 'host':
      return 'Every router that was sending'
    case 'mixed':
      return 'Some routers and not others, with nothing in common'
  }
}

function scopeSentence(overall: Overall, flows: readonly Flow[]): string[] {
  const { scope, main } = overall
  if (scope === undefined) return []
  const late = scope.late.length > 1 ? `: ${flowList(scope.late, flows)}` : ''
  const others = scope.onTime.length === 0 ? '' : `; on time: ${flowList(scope.onTime, flows)}`
  const against =
    main !== undefined && contradicts(scope, main.cause)
      ? [`${main.cause} does not fit that: it would have held up those as well.`]
      : []
  return [`${reachPhrase(scope)}${late}${others}.`, ...against]
}

/** Of one late advert its verdict says it all, but who else was there. */
export function overallSentences(overall: Overall, flows: readonly Flow[]): string[] {
  const reach = scopeSentence(overall, flows)
  if (overall.late > 1) return [causeSentence(overall), periodSentence(overall.periodicity), ...reach]
  return overall.scope?.reach === 'only-router' ? [] : reach
}

function mainOf({ main }: Overall): ReportOverall['main'] {
  if (main === undefined) return null
  const { cause, late, lateness, share, culprits } = main
  return {
    cause,
    late,
    ms: msOf(lateness),
    share: rounded(share),
    culprits: culprits.map(({ name, late: count }) => ({ name, late: count })),
  }
}

function periodOf({ verdict, tried, best }: Periodicity): ReportOverall['period'] {
  return {
    verdict,
    tried,
    periodMs: best === undefined ? null : msOf(best.length),
    phaseMs: best === undefined ? null : msOf(best.phase),
    timer: orNull(best?.timer),
    p: best === undefined ? null : rounded(best.p),
  }
}

export function reportOverallOf(views: readonly WindowView[], session: FinishedSession): ReportOverall {
  const { flows, background, origin } = session
  const overall = overallOf(views, flows, background, origin)
  const { scope } = overall
  return {
    late: overall.late,
    episodes: overall.episodes,
    lateMs: msOf(spanOf(overall.lateness)),
    main: mainOf(overall),
    period: periodOf(overall.periodicity),
    scope:
      scope === undefined
        ? null
        : { reach: scope.reach, late: scope.late, onTime: scope.onTime, cpu: orNull(scope.cpu) },
    summary: overallSentences(overall, flows),
  }
}
