// Who did not do it, and how that is known: only where the source that would have shown it worked in this window.

import { formatSpan } from '../../time/format.ts'
import { millisecond, spanOf } from '../../time/instant.ts'
import type { Cause, Explanation } from '../explanation.ts'
import { againstVhost } from './alternatives.ts'
import type { Painted } from './claim.ts'
import { windowsOf } from './claim.ts'
import type { Courses } from './courses.ts'
import { sampledShare } from './sampled-course.ts'
import { isStoppedLetter } from './standing.ts'
import { lengthOf, sumOf } from './stretches.ts'
import type { Subject } from './subject.ts'

type RuledOut = Explanation['ruledOut'][number]

function byWire(subject: Subject): RuledOut[] {
  const { late, flow, evidence } = subject
  const out: RuledOut[] = []
  if (late.ipIdStep === 1)
    out.push({
      cause: 'capture-loss',
      because: 'the IPv4 ID moved on by one: nothing was sent in between that the capture could have lost',
    })
  if (late.foreignInGap === 0 && late.wire !== 'W4r')
    out.push({ cause: 'foreign-vrid', because: `no other router spoke for VRID ${flow.vrid} in the gap` })
  const offPhase = late.gap % Math.max(1, flow.interval)
  const isMoved = Math.min(offPhase, flow.interval - offPhase) > 40 * millisecond
  if (late.wire.startsWith('W1') && (isMoved || late.ipIdStep === 1))
    out.push({
      cause: 'tx-held',
      because: isMoved
        ? 'one packet, and the phase moved on for good: it was not issued, so it was not held'
        : 'one packet, and the IPv4 ID moved on by one: nothing was waiting to be let go',
    })
  if (late.wire.startsWith('W1') && subject.sender?.vhost?.isOn === true)
    out.push({ cause: 'userspace-virtio', because: againstVhost(subject) })
  const issued = evidence.issued?.(late.advert)
  if (issued !== undefined && Math.abs(late.at - issued.at) < 20 * millisecond)
    out.push({
      cause: 'path',
      because: `its sendmsg and the packet on the link are ${formatSpan(spanOf(Math.abs(late.at - issued.at)))} apart`,
    })
  return out
}

const mostlySampled = 0.8

function byState(subject: Subject, courses: Courses, painted: readonly Painted[]): RuledOut[] {
  const { lateness, sees, sender } = subject
  const out: RuledOut[] = []
  const least = 0.02 * lengthOf(lateness)
  const none = (states: Parameters<typeof windowsOf>[1]): boolean => sumOf(windowsOf(painted, states)) < least
  const sampled = [...courses.sampled.values()]
  // A hole in the samples hides a state, never what a counter came to behind it.
  const isSampled = sees.samples && sampled.some((one) => sampledShare(one, lateness) >= mostlySampled)
  const isFaulting = sampled.some((one) => (one.at(-1)?.majorFaults ?? 0) > (one[0]?.majorFaults ?? 0))
  const isStopped = sampled.some((all) =>
    all.some(({ at, state }) => at >= lateness.from && at <= lateness.to && isStoppedLetter(state)),
  )
  if (isSampled && !isStopped && none(['stopped', 'frozen']))
    out.push({ cause: 'sender-stopped', because: 'no sample found it in state T or t, or its cgroup frozen' })
  if (sees.samples && none(['runnable', 'throttled']))
    out.push({ cause: 'sender-starved', because: 'its run delay did not grow' })
  if (sees.cgroups && courses.throttled.length === 0)
    out.push({ cause: 'sender-throttled', because: 'no cgroup of it was throttled' })
  if (sees.samples && none(['paging']) && (isSampled || !isFaulting))
    out.push({
      cause: 'sender-paging',
      because: isFaulting ? 'no major page fault in state D' : 'it had no major page fault',
    })
  if (sees.senderCalls && sender?.kind === 'keepalived' && none(['blocked']))
    out.push({
      cause: 'sender-blocked',
      because: 'no call of it but its event loop’s own wait lay across the due time',
    })
  return out
}

const busyPercent = 60

function disks({ store, lateness, sees, sender }: Subject, painted: readonly Painted[]): RuledOut[] {
  if (!sees.iostat) return []
  const isBlocked = sumOf(windowsOf(painted, ['blocked', 'paging'])) >= 0.02 * lengthOf(lateness)
  const most = new Map<number, number>()
  for (const row of store.disks.rows({ from: lateness.from, to: (lateness.to + 2e9) as typeof lateness.to }))
    most.set(row.deviceName, Math.max(most.get(row.deviceName) ?? 0, row.utilisation))
  return [...most].flatMap(([device, utilisation]) => {
    const name = store.names.textOf(device)
    if (utilisation < 5) return []
    if (isBlocked) return []
    const who = sender === undefined ? 'the sender' : sender.comm
    return [
      {
        cause: name,
        because: `${utilisation >= busyPercent ? `busy (util ${utilisation.toFixed(0)} %), but` : `util ${utilisation.toFixed(0)} %, and`} no bridge: ${who} waited for no file or block meanwhile`,
      },
    ]
  })
}

export function ruledOutOf(subject: Subject, courses: Courses, painted: readonly Painted[], cause: Cause): RuledOut[] {
  return [
    ...byWire(subject),
    ...byState(subject, courses, painted),
    ...(subject.sees.samples || subject.sees.senderCalls ? disks(subject, painted) : []),
  ].filter((one) => one.cause !== cause)
}
