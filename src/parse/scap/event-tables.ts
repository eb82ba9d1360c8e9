// What each event type is, by number: one small array per question, so that the reader of events asks without looking
// anything up by name. Made once, when the module loads, from the two JSON tables (all types and PPM_SC codes of
// falcosecurity/libs up to 2026; a number never changes its meaning, parameters are only appended).
//
// What a call does to names is keyed by the call's name, not by its type: dup is 124/125 in libs 0.1.1 and 366/367 since.

import eventTable from './tables/events.json' with { type: 'json' }
import callTable from './tables/syscalls.json' with { type: 'json' }

/** Types below this are known; a newer writer's own types are skipped. */
export const eventTypes = eventTable.events.length
/** Enter and exit of every call that has no type of its own. */
export const genericEnter = 0
export const genericExit = 1

export const typeNames: readonly string[] = eventTable.events.map((event) => event.name)

/** PPM_SC codes of generic events; code 0 means that the driver did not know the call. */
export const codeNames: ReadonlyMap<number, string> = new Map(callTable.codes.map(({ code, name }) => [code, name]))
/** x86_64 call numbers. */
export const nativeNames: ReadonlyMap<number, string> = new Map(callTable.native.map(({ nr, name }) => [nr, name]))

/** Bits of `traitsOf`. */
export const trait = {
  /** A system call, enter or exit (even or odd type). */
  isCall: 1,
  /** Works on a descriptor that its parameters name. */
  usesFd: 2,
  /** The row of it shows a descriptor. */
  showsFd: 4,
  /** Made by the recorder, not by a thread: not shown. */
  isInternal: 8,
  /** Parameter lengths are 32 bits wide. */
  isLarge: 16,
  isClone: 32,
  isExec: 64,
  /** Parameters of this enter are needed at the exit. */
  isKept: 128,
  /** An enter that exit-only recorders write too (protection against paths that change under the check). */
  isInExitOnly: 256,
  /** No exit need follow this enter, or no enter come before this exit. */
  isUnpaired: 512,
} as const

/** What an event does besides being a row. */
export const deed = {
  none: 0,
  // To descriptors and directories.
  open: 1,
  openByHandle: 2,
  close: 3,
  closeRange: 4,
  pipe: 5,
  dup: 6,
  fcntl: 7,
  anonymous: 8,
  chdir: 9,
  fchdir: 10,
  // To sockets.
  socket: 11,
  socketpair: 12,
  bind: 13,
  connect: 14,
  accept: 15,
  traffic: 16,
  // To processes.
  clone: 17,
  exec: 18,
  prctl: 19,
  // Signals.
  kill: 20,
  tkill: 21,
  tgkill: 22,
  // What is no exit.
  connectEnter: 23,
  procexit: 24,
  switched: 25,
  signaldeliver: 26,
  dropped: 27,
} as const

const deedOfExit = new Map<string, number>([
  ['open_by_handle_at', deed.openByHandle],
  ['close', deed.close],
  ['close_range', deed.closeRange],
  ['socket', deed.socket],
  ['socketpair', deed.socketpair],
  ['bind', deed.bind],
  ['connect', deed.connect],
  ['fcntl', deed.fcntl],
  ['chdir', deed.chdir],
  ['fchdir', deed.fchdir],
  ['prctl', deed.prctl],
  ['kill', deed.kill],
  ['tkill', deed.tkill],
  ['tgkill', deed.tgkill],
  ...['open', 'openat', 'openat2', 'creat'].map((name) => [name, deed.open] as const),
  ...['pipe', 'pipe2'].map((name) => [name, deed.pipe] as const),
  ...['accept', 'accept4'].map((name) => [name, deed.accept] as const),
  ...['sendto', 'sendmsg', 'recvfrom', 'recvmsg'].map((name) => [name, deed.traffic] as const),
  ...['dup', 'dup2', 'dup3'].map((name) => [name, deed.dup] as const),
  ...[
    'eventfd',
    'eventfd2',
    'signalfd',
    'signalfd4',
    'timerfd_create',
    'inotify_init',
    'inotify_init1',
    'epoll_create',
    'epoll_create1',
    'memfd_create',
    'pidfd_open',
    'userfaultfd',
    'io_uring_setup',
  ].map((name) => [name, deed.anonymous] as const),
])

const deedOfTracepoint = new Map<string, number>([
  ['procexit', deed.procexit],
  ['switch', deed.switched],
  ['signaldeliver', deed.signaldeliver],
])

const keptEnters = new Set('open openat openat2 creat socket fcntl sendto sendmsg kill tkill tgkill'.split(' '))
const exitOnlyEnters = new Set(['open', 'openat', 'openat2', 'creat', 'connect'])
/** `rt_sigreturn` leaves no exit in libs 0.1.1; the `mmsg` calls write one exit per message since 0.20. */
const unpaired = new Set(['exit', 'exit_group', 'rt_sigreturn', 'sigreturn', 'sendmmsg', 'recvmmsg'])

type EventType = (typeof eventTable.events)[number]

const isExit = (event: EventType): boolean => event.type % 2 === 1
const isCallOf = (event: EventType): boolean => event.category.includes('SYSCALL')
const isCloneOf = ({ id }: EventType): boolean => /^SYSCALL_(?:CLONE|FORK|VFORK).*_X$/.test(id)
const isExecOf = ({ id }: EventType): boolean => /^SYSCALL_EXECVE.*_X$/.test(id)

function deedOf(event: EventType): number {
  if (event.id === 'SOCKET_CONNECT_E') return deed.connectEnter
  // A retired layout, which no recorder of the last ten years writes.
  if (event.id === 'SYSCALL_OPENAT_X') return deed.none
  if (isCloneOf(event)) return deed.clone
  if (isExecOf(event)) return deed.exec
  if (event.id === 'DROP_X') return deed.dropped
  if (isCallOf(event)) return isExit(event) ? (deedOfExit.get(event.name) ?? deed.none) : deed.none
  return isExit(event) ? deed.none : (deedOfTracepoint.get(event.name) ?? deed.none)
}

function traitsOfType(event: EventType): number {
  const { type, flags, name } = event
  const usesFd = flags.includes('USES_FD') || flags.includes('DESTROYS_FD')
  const isUserOrGroup = type >= 354 && type <= 361
  let bits = 0
  if (isCallOf(event)) bits |= trait.isCall
  if (usesFd && event.id !== 'SOCKET_SETSOCKOPT_E') bits |= trait.usesFd
  if (usesFd || flags.includes('CREATES_FD')) bits |= trait.showsFd
  if (isUserOrGroup || eventTable.internal.includes(type)) bits |= trait.isInternal
  if (eventTable.largeLengths.includes(type)) bits |= trait.isLarge
  if (isCloneOf(event)) bits |= trait.isClone
  if (isExecOf(event)) bits |= trait.isExec
  if (!isExit(event) && keptEnters.has(name)) bits |= trait.isKept
  if (exitOnlyEnters.has(name)) bits |= trait.isInExitOnly
  if (unpaired.has(name)) bits |= trait.isUnpaired
  return bits
}

export const traitsOf: Uint16Array = Uint16Array.from(eventTable.events, traitsOfType)
export const deedsOf: Uint8Array = Uint8Array.from(eventTable.events, deedOf)

/** For each type, which parameter bears this name; -1 for none. */
function parameterOf(name: string): Int8Array {
  return Int8Array.from(eventTable.events, ({ params }) => params.findIndex((one) => one.name === name))
}

/** Position of the result in an exit: `res`, or `fd` of a call that makes one; -1: the call has none on file. */
export const resultOf: Int8Array = Int8Array.from(eventTable.events, (event) => {
  if (!isExit(event)) return -1
  const result = event.params.findIndex(({ name }) => name === 'res')
  if (result >= 0 || !event.flags.includes('CREATES_FD')) return result
  return event.params.findIndex(({ name }) => name === 'fd')
})

/**
 * Positions of the parameters that can say which descriptor a call works on, first choice first: in an enter the first
 * of type FD, in an exit any but the result.
 */
export const fdParametersOf: readonly Int8Array[] = eventTable.events.map((event) => {
  const positions = event.params.flatMap(({ type, name }, i) => {
    return type === 'FD' && !(isExit(event) && name === 'res') ? [i] : []
  })
  if (event.id === 'SYSCALL_COPY_FILE_RANGE_X') {
    return Int8Array.of(event.params.findIndex(({ name }) => name === 'fdout'))
  }
  return Int8Array.from(isExit(event) ? positions : positions.slice(0, 1))
})

/** A call that begins with `enter` may end with this other exit: a successful execveat is written as an execve exit. */
export const execveatEnter = eventTable.events.findIndex(({ id }) => id === 'SYSCALL_EXECVEAT_E')
/** rt_sigreturn among the generic calls. */
export const rtSigreturnCode = 298

/** How many parameters the table of a type has; a file may hold fewer (older writer) or more (newer writer). */
export const parameterCountOf: Uint8Array = Uint8Array.from(eventTable.events, ({ params }) => params.length)

/** Where each type has the parameter of this name. */
export const position = {
  res: parameterOf('res'),
  fd: parameterOf('fd'),
  name: parameterOf('name'),
  path: parameterOf('path'),
  dirfd: parameterOf('dirfd'),
  domain: parameterOf('domain'),
  type: parameterOf('type'),
  proto: parameterOf('proto'),
  fd1: parameterOf('fd1'),
  fd2: parameterOf('fd2'),
  source: parameterOf('source'),
  peer: parameterOf('peer'),
  addr: parameterOf('addr'),
  tuple: parameterOf('tuple'),
  data: parameterOf('data'),
  cmd: parameterOf('cmd'),
  first: parameterOf('first'),
  last: parameterOf('last'),
  flags: parameterOf('flags'),
  tid: parameterOf('tid'),
  pid: parameterOf('pid'),
  ptid: parameterOf('ptid'),
  vtid: parameterOf('vtid'),
  comm: parameterOf('comm'),
  exe: parameterOf('exe'),
  executable: parameterOf('trusted_exepath'),
  cwd: parameterOf('cwd'),
  sig: parameterOf('sig'),
  status: parameterOf('status'),
  ret: parameterOf('ret'),
  spid: parameterOf('spid'),
  option: parameterOf('option'),
  newName: parameterOf('arg2_str'),
  next: parameterOf('next'),
  majorFaults: parameterOf('pgft_maj'),
} as const
