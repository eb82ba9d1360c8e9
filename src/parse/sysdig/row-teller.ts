// What a row of sysdig's text means: a finished call, a switch, a signal, a life that begins or ends, an advert sent.
//
// A call's length is sysdig's own `evt.latency`. sysdig 0.41 prints 0 for every call; then it is exit minus enter where
// the enter was printed, and unknown where it was not.

import { noName, processChanges, signalSteps, unknown, type KernelSink, type NameId } from '../../events/kernel.ts'
import { instantOf, spanOf, type Instant } from '../../time/instant.ts'
import type { SysdigRow } from './row.ts'

export interface RowTeller {
  tell(row: SysdigRow, at: Instant): void
}

interface Enter {
  readonly type: string
  readonly at: Instant
  readonly fdName: string
  readonly args: string
}

const entersKept = 65_536
/** Of what an enter says; its descriptor, pid and signal stand at the front. */
const longestArgs = 512
const [fork, newThread, exec, exit] = (['fork', 'thread', 'exec', 'exit'] as const).map((change) =>
  processChanges.indexOf(change),
) as [number, number, number, number]
const births = new Set(['clone', 'clone3', 'fork', 'vfork'])
const kills = new Set(['kill', 'tkill', 'tgkill'])
const sends = new Set(['sendmsg', 'sendto'])
/** Written with `>` and followed by no exit. */
const single = new Set(['switch', 'signaldeliver', 'procexit', 'page_fault', 'procinfo', 'drop', 'cpu_hotplug'])

const numberIn = (args: string, key: string): number | undefined => {
  const found = new RegExp(`(?:^|\\s)${key}=(-?\\d+)`).exec(args)?.[1]
  return found === undefined ? undefined : Number(found)
}
/** `next=32397(keepalived) pgft_maj=0 …` */
const nextThread = /^next=(?<tid>\d+)(?:\((?<comm>[^]*?)\))?(?: pgft_maj=(?<faults>\d+)|$)/
/** Where VRRP goes to, or the raw socket of protocol 112 that it leaves by. */
const advertSocket = /->(?:224\.0\.0\.18|ff02::12)(?::\d+)?$|:112(?:->|$)/

/** `sendmsg` ran from `enterAt` to `at`; where the enter is not in the text, both are when it ended. */
export type AdvertSent = (enterAt: Instant, at: Instant, tid: number, pid: number, comm: string) => void

function exitStatus(args: string): string {
  const signal = numberIn(args, 'sig') ?? 0
  if (signal > 0) return `signal ${signal}`
  const ret = numberIn(args, 'ret')
  return ret === undefined ? '' : `exit ${ret}`
}

export function createRowTeller(sink: KernelSink, sent: AdvertSent): RowTeller {
  const enters = new Map<number, Enter>()
  const nameOf = (text: string): NameId => (text === '' ? noName : sink.name(text))

  function tellSingle(row: SysdigRow, at: Instant): void {
    const { tid, comm, args } = row
    if (row.type === 'switch') {
      const next = nextThread.exec(args)?.groups
      if (next === undefined) return sink.ignored('switch without the next thread')
      const toComm = next['comm'] === '<NA>' ? '' : (next['comm'] ?? '')
      const faults = next['faults'] === undefined ? unknown : Number(next['faults'])
      sink.switched(at, row.cpu, tid, Number(next['tid']), nameOf(comm), nameOf(toComm), 0, faults)
    } else if (row.type === 'signaldeliver') {
      const from = numberIn(args, 'spid') ?? 0
      const step = signalSteps.indexOf('delivered')
      const signal = numberIn(args, 'sig') ?? 0
      sink.signal(at, step, signal, from > 0 ? from : unknown, noName, tid, nameOf(comm))
    } else if (row.type === 'procexit') {
      sink.process(at, exit, tid, row.pid ?? unknown, unknown, nameOf(comm), nameOf(exitStatus(args)))
      enters.delete(tid)
    } else if (row.type === 'drop') sink.lost(at, 1)
    else sink.ignored(row.type)
  }

  function tellLife(row: SysdigRow, at: Instant): void {
    const pid = row.pid ?? unknown
    const parent = numberIn(row.args, 'ptid') ?? unknown
    // `exe` is argv[0], which a process chooses; newer versions add the real path.
    const executable = (/\strusted_exepath=(\S+)/.exec(row.args) ?? /(?:^|\s)exe=(\S*)/.exec(row.args))?.[1] ?? ''
    // The child's own exit names it; the parent's only repeats it.
    if (births.has(row.type) && row.result === 0) {
      const change = row.args.includes('CLONE_THREAD') ? newThread : fork
      sink.process(at, change, row.tid, pid, parent, nameOf(row.comm), nameOf(executable))
    } else if (/^execve(?:at)?$/.test(row.type) && row.result === 0)
      sink.process(at, exec, row.tid, pid, parent, nameOf(row.comm), nameOf(executable))
  }

  function tellSignal(row: SysdigRow, at: Instant, enter: Enter | undefined): void {
    const args = enter?.args ?? row.args
    const signal = numberIn(args, 'sig') ?? numberIn(row.args, 'sig') ?? 0
    const to = numberIn(args, row.type === 'kill' ? 'pid' : 'tid') ?? unknown
    if (row.result !== 0 || signal <= 0) return
    const step = signalSteps.indexOf('sent')
    sink.signal(enter?.at ?? at, step, signal, row.tid, nameOf(row.comm), to > 0 ? to : unknown, noName)
  }

  function tellSent(row: SysdigRow, at: Instant, enter: Enter | undefined): void {
    const isAdvert = advertSocket.test(row.fdName) || (enter !== undefined && advertSocket.test(enter.fdName))
    if (isAdvert && (row.result ?? -1) > 0) sent(enter?.at ?? at, at, row.tid, row.pid ?? row.tid, row.comm)
  }

  function tellCall(row: SysdigRow, at: Instant): void {
    const { tid, type } = row
    const open = enters.get(tid)
    enters.delete(tid)
    const enter = open?.type === type ? open : undefined
    const latency = row.latencyNs > 0 ? row.latencyNs : enter === undefined ? Number.NaN : at - enter.at
    const fd = numberIn(enter?.args ?? row.args, 'fd') ?? numberIn(row.args, 'fd') ?? unknown
    const file = row.fdName === '' ? (enter?.fdName ?? '') : row.fdName
    const pid = row.pid ?? unknown
    const result = row.result ?? Number.NaN
    sink.call(at, spanOf(latency), row.cpu, tid, pid, nameOf(row.comm), nameOf(type), result, fd, nameOf(file))
    if (kills.has(type)) tellSignal(row, at, enter)
    else if (sends.has(type)) tellSent(row, at, enter)
    else tellLife(row, at)
  }

  return {
    tell(row, at) {
      if (row.isExit) tellCall(row, instantOf(at))
      else if (single.has(row.type)) tellSingle(row, at)
      else if (enters.size < entersKept || enters.has(row.tid))
        enters.set(row.tid, { type: row.type, at, fdName: row.fdName, args: row.args.slice(0, longestArgs) })
    },
  }
}
