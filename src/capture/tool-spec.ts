// What one tool is to whoever runs it: argv, how it is stopped, what its words and its end mean. Data and pure
// functions only; supervise.ts knows no tool, and a tool's file knows no child.

import type { ProbeName } from '../events/probe.ts'

/** How one life of a child ended. */
export type Ending =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: string }
  /** SIGKILL was sent and it is still there (a process in state D). */
  | { readonly kind: 'stuck' }
  | { readonly kind: 'unstartable'; readonly message: string }

/** What one line on stderr means. */
export type StderrMeaning =
  | { readonly kind: 'ignored' }
  /** Worth a person's reading as it is. */
  | { readonly kind: 'said' }
  /** Events lost so far in this life. */
  | { readonly kind: 'drops'; readonly total: number }
  /** Events lost since the last such line. */
  | { readonly kind: 'lost'; readonly count: number }
  /** Why it is about to end; starting it again may help. */
  | { readonly kind: 'cause'; readonly reason: string }
  /** It cannot run here, and starting it again cannot help. Counts only if it ends without a byte. */
  | { readonly kind: 'refused'; readonly reason: string; readonly remedy: string }
  /** What runs at the far end of a way into a guest. */
  | { readonly kind: 'introduced'; readonly version: string; readonly detail: string; readonly pids: readonly number[] }
  /** What that has used so far. */
  | { readonly kind: 'cost'; readonly upMs: number; readonly cpuMs: number; readonly rssBytes: number }

export type RestartPolicy =
  | { readonly kind: 'never' }
  /** Waits firstMs, then twice as long each time, at most mostMs; a life of goodMs starts over at firstMs. */
  | { readonly kind: 'backoff'; readonly firstMs: number; readonly mostMs: number; readonly goodMs: number }

export const patient: RestartPolicy = { kind: 'backoff', firstMs: 500, mostMs: 30_000, goodMs: 60_000 }

export interface Silence {
  readonly firstMs: number
  readonly afterMs: number
  /** Told of it, at once; or when it has lasted so long. */
  readonly restarts: boolean
  readonly restartsAfterMs?: number
}

export interface Lifeline {
  readonly script: string
  readonly beatMs: number
  readonly beat: (number: number) => string
}

/** One step of asking the tool for less, because the host or we cannot keep up. */
export interface Narrowing {
  readonly argv: ToolSpec['argv']
  /** What is then not told; a sentence, for a blind spot. */
  readonly leavesOut: string
}

export interface ToolSpec {
  readonly probe: ProbeName
  /** Which of several children of this probe; '' for the only one. */
  readonly part: string
  /** As a person calls it. */
  readonly tool: string
  /** What ends when it ends, where that is the way to it: `ssh`. */
  readonly process?: string
  readonly version: string
  /** What it was started for: the interface, the driver. */
  readonly detail: string
  /** The executable and its arguments, with what runs it (nsenter, unshare) in front. */
  readonly argv: readonly [string, ...string[]]
  /** Added to our own environment. */
  readonly env: Readonly<Record<string, string>>
  /** SIGINT first (tcpdump prints its counters, iostat closes its document); SIGKILL after this. */
  readonly killAfterMs: number
  readonly restart: RestartPolicy
  /** How long it may say nothing: until its first byte, and then. undefined: for ever. */
  readonly silence: Silence | undefined
  /**
   * It may well have nothing to say for days: it counts as started once it has introduced itself, or has run for so long
   * without a reason why it cannot. undefined: with its first byte.
   */
  readonly startsQuietlyAfterMs?: number
  /** What it is told on stdin, and that stdin ends before it is asked to; undefined: its stdin is empty. */
  readonly lifeline?: Lifeline
  /** A signal for OUR child that makes it tell its counters. Sent only once the child catches it (SigCgt). */
  readonly poke: { readonly signal: 'SIGUSR1'; readonly everyMs: number } | undefined
  /** Why starting it now would be in vain (its interface is gone); undefined: it may start. Asked each second. */
  readonly waitsFor: (() => string | undefined) | undefined
  readonly readStderr: (line: string) => StderrMeaning
  /** Each asks for less than the one before. */
  readonly narrowings?: readonly Narrowing[]
}

/** Whom its notices are about. */
export const ownPart = ({ probe, part }: ToolSpec): { readonly probe: ProbeName; readonly part?: string } =>
  part === '' ? { probe } : { probe, part }

/** One sentence of a tool, recognised. `reason` and `remedy` are for a person, without the tool's name in front. */
export interface KnownRefusal {
  readonly pattern: RegExp
  readonly reason: string
  readonly remedy: string
}

export function refusalOf(line: string, known: readonly KnownRefusal[]): StderrMeaning | undefined {
  const found = known.find(({ pattern }) => pattern.test(line))
  return found && { kind: 'refused', reason: found.reason, remedy: found.remedy }
}

const signalSentences: Readonly<Record<string, string>> = {
  SIGKILL: 'was killed (SIGKILL): by hand, or by the kernel for want of memory',
  SIGSEGV: 'crashed (SIGSEGV)',
  SIGABRT: 'crashed (SIGABRT)',
  SIGBUS: 'crashed (SIGBUS)',
}

/** How it ended, as the rest of a sentence that begins with the tool's name. */
export function formatEnding(ending: Ending): string {
  switch (ending.kind) {
    case 'exited':
      if (ending.code === 0) return 'ended by itself, without an error (somebody may have interrupted it)'
      // The codes by which sh says that it could not exec.
      if (ending.code === 126 || ending.code === 127) return `could not be executed (${ending.code})`
      return `ended with code ${ending.code}`
    case 'killed':
      return signalSentences[ending.signal] ?? `was ended by ${ending.signal}`
    case 'stuck':
      return 'does not die, not even of SIGKILL (state D: it waits for a device)'
    case 'unstartable':
      return `could not be started: ${ending.message}`
    default:
      return ending satisfies never
  }
}
