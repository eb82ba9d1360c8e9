// What a thread of a sender is called: by what it does for its guest, where the host's search told (capture/host/qemu.ts).

import type { FlowSender } from './evidence.ts'

/** `vCPU 0`, `the main loop`, `I/O thread iothread0`; `thread 2528` where its name does not say what it is for. */
export function threadName(sender: Pick<FlowSender, 'roles'> | undefined, tid: number): string {
  const role = sender?.roles?.get(tid) ?? ''
  const vcpu = /^vcpu (?<number>\d+)$/.exec(role)?.groups?.['number']
  if (vcpu !== undefined) return `vCPU ${vcpu}`
  if (role === 'main') return 'the main loop'
  if (role === 'vhost') return 'the vhost thread'
  if (role.startsWith('io ')) return `I/O thread ${role.slice('io '.length)}`
  return `thread ${tid}`
}

/** `vCPU 0 was`, `4 threads (the main loop, vCPU 0, thread 2527) were`. */
export function threadsPhrase(sender: Pick<FlowSender, 'roles'> | undefined, tids: readonly number[]): string {
  const names = tids.slice(0, 4).map((tid) => threadName(sender, tid))
  if (tids.length === 1) return `${names[0]} was`
  const isPlain = names.every((name) => name.startsWith('thread '))
  const listed = isPlain ? names.map((name) => name.slice('thread '.length)) : names
  return `${tids.length} threads (${listed.join(', ')}${tids.length > 4 ? ', …' : ''}) were`
}
