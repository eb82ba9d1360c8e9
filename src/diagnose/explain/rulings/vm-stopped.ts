// qemu was healthy and did not run its guest: stop and cont at its monitor.

import { formatSpan } from '../../../time/format.ts'
import { instantOf, millisecond, second, type Window } from '../../../time/instant.ts'
import type { Confidence } from '../../explanation.ts'
import { callersNear } from '../actors.ts'
import type { Ruling } from '../ruling.ts'
import { lengthOf } from '../stretches.ts'
import { whenOf, type Subject } from '../subject.ts'
import { graded, senderName, victimOf, type Dominant, type Reading } from '../reading.ts'

/** Whoever spoke to qemu's monitor around the beginning of a stop. */
export function monitorClient(subject: Subject, stretch: Window): string | undefined {
  const window = { from: instantOf(stretch.from - 0.5 * second), to: instantOf(stretch.from + 20 * millisecond) }
  const clients = callersNear(subject, window, (_, file) => /(qmp|monitor)[^/]*\.sock|monitor\.sock|qmp/.test(file))
  const last = clients.at(-1)
  return last === undefined ? undefined : `${last.comm} (${last.pid})`
}

export function vmStoppedRuling(
  reading: Reading,
  dominant: Dominant,
  standstill: { readonly window: Window; readonly isBracketed: boolean; readonly isShift: boolean } | undefined,
): Ruling {
  const { subject } = reading
  const isBracketed = standstill?.isBracketed ?? false
  const stretch = standstill?.window ?? reading.lateness
  const client = monitorClient(subject, stretch)
  const cap: Confidence =
    isBracketed && subject.sees.senderCalls ? (client === undefined ? 'likely' : 'certain') : 'possible'
  return {
    cause: 'vm-stopped',
    confidence: graded(reading, dominant, cap),
    summary: `Never issued: ${senderName(subject)} ${isBracketed ? 'had its guest stopped (stop … cont at its monitor)' : 'did not run its guest, while qemu itself was healthy'} for ${formatSpan(lengthOf(stretch))}.`,
    culprit: victimOf(subject),
    evidence: [
      `all vCPU threads lay in one wait for ${formatSpan(lengthOf(stretch))}; no thread of qemu was stopped, blocked or short of a CPU`,
      ...(standstill?.isShift === true
        ? [
            `the advert was late by as much: the guest saw no time pass from ${whenOf(subject, stretch.from)} to ${whenOf(subject, stretch.to)}`,
          ]
        : []),
      ...(isBracketed ? ['the monitor’s thread was at work as it began and as it ended: a command on both sides'] : []),
      ...(client === undefined ? [] : [`${client} was speaking to the monitor then`]),
    ],
    settledBy: isBracketed
      ? ['virsh domstate --reason; grep -E "initiating|shutting|paused" /var/log/libvirt/qemu/*.log']
      : [
          'virsh domstate --reason DOMAIN; virsh event --all --timestamp: suspended and resumed?',
          'whylate with sysdig in the guest: a guest that was stopped saw no time pass',
        ],
  }
}
