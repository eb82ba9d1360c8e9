// The kernel's numbers and letters as the words of our events.

import { leaveReasons, processChanges, signalSteps } from '../../events/kernel.ts'

export const change = (name: (typeof processChanges)[number]): number => processChanges.indexOf(name)
export const reason = (name: (typeof leaveReasons)[number]): number => leaveReasons.indexOf(name)
export const sent = signalSteps.indexOf('sent')
export const delivered = signalSteps.indexOf('delivered')

/** prev_state of sched_switch, Linux 4.14 to 6.18 (TASK_REPORT_MAX = 0x100 is "was preempted"). */
export function reasonOf(state: number): number {
  if (state === 0 || state === 0x100) return reason('preempted')
  if (state & 0x30) return reason('dead')
  if (state & 0x08) return reason('traced')
  if (state & 0x04) return reason('stopped')
  if (state & 0x02) return reason('uninterruptible')
  return reason('sleeping')
}

/** ERESTARTSYS and its kin never reach a program: the call was interrupted and is begun again or gives EINTR. */
export const resultOf = (value: number): number => (value <= -512 && value >= -516 ? -4 : value)

const requests: Readonly<Record<number, string>> = {
  0: 'PTRACE_TRACEME',
  16: 'PTRACE_ATTACH',
  17: 'PTRACE_DETACH',
  0x4206: 'PTRACE_SEIZE',
  0x4207: 'PTRACE_INTERRUPT',
}

/** `PTRACE_SEIZE`, by the number of sys/ptrace.h. */
export const requestOf = (request: number): string => requests[request] ?? `ptrace request ${request}`

const operations: Readonly<Record<string, string>> = { R: 'read', W: 'write', D: 'discard', F: 'flush' }
/** rwbs of the block trace points: a leading F is a flush before the write, later letters are flags. */
export function operationOf(rwbs: string): string {
  const letter = /^F[WDRN]/.test(rwbs) ? rwbs.charAt(1) : rwbs.charAt(0)
  return operations[letter] ?? rwbs
}

/** wait(2)'s word as a person says it. */
export const exitOf = (code: number): string =>
  (code & 0x7f) === 0 ? `${(code >> 8) & 0xff}` : `signal ${code & 0x7f}`
