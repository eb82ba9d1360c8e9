// Holds something for a while: does it, waits, undoes it, and says when exactly. The hand that injects a fault.
//
// It is a process of its own, so that the culprit has another pid than whylate, as in life. bash has what it takes
// built in: `kill`, `printf` and a clock of microseconds (EPOCHREALTIME, bash 5.0), so it starts no further process for
// most of it. A tracer has to be the process that called ptrace, which perl can (perl-base is on every Debian). Both wait
// by reading their stdin: when their owner dies, that ends, and the fault with it.

import { readFile } from 'node:fs/promises'
import { execa } from 'execa'
import { Fault } from '../capture/fault.ts'
import { epochFrom, type Epoch } from '../time/instant.ts'
import { environmentOf, missingFault } from './command.ts'

export type Hold =
  /** `begin` and `end` are shell of ours, with `args` as $1, $2 …: nothing of the host's is ever part of them. */
  | { readonly kind: 'shell'; readonly begin: string; readonly end: string; readonly args: readonly string[] }
  | { readonly kind: 'trace'; readonly pid: number }

export const signalHold = (pid: number): Hold => ({
  kind: 'shell',
  begin: 'kill -STOP "$1"',
  end: 'kill -CONT "$1"',
  args: [String(pid)],
})

export const writeHold = (path: string, begin: string, end: string): Hold => ({
  kind: 'shell',
  begin: 'printf %s "$2" > "$1"',
  end: 'printf %s "$3" > "$1"',
  args: [path, begin, end],
})

export interface Held {
  /** Just after it took hold, and just before it was let go. */
  readonly startAt: Epoch
  readonly endAt: Epoch
  /** The process that did it, and its name by /proc. */
  readonly pid: number
  readonly comm: string
}

const shellScript = `
set -e; trap '' INT; seconds=$1 begin=$2 end=$3; shift 3
eval "$begin"; echo "held $EPOCHREALTIME"
IFS= read -r -t "$seconds" || true
echo "released $EPOCHREALTIME"; eval "$end"
`

/** Numbers of the system calls, by Node's name of the architecture. */
const callNumbers: Readonly<Record<string, { readonly ptrace: number; readonly clockGettime: number }>> = {
  x64: { ptrace: 101, clockGettime: 228 },
  arm64: { ptrace: 117, clockGettime: 113 },
}

// PTRACE_SEIZE 0x4206, PTRACE_INTERRUPT 0x4207, PTRACE_DETACH 17; __WALL 0x40000000: ptrace(2), waitpid(2).
const traceScript = `
$| = 1; $SIG{INT} = 'IGNORE'; my ($seconds, $pid, $ptrace, $clock) = map { $_ + 0 } @ARGV;
sub now { my $t = pack 'qq', 0, 0; syscall $clock, 0, $t; sprintf '%d.%09d', unpack 'qq', $t }
sub trace { syscall($ptrace, $_[0], $pid, 0, 0) == 0 or die "ptrace: $!\\n" }
trace 0x4206; trace 0x4207; waitpid $pid, 0x40000000; print 'held ', now, "\\n";
vec(my $in = '', 0, 1) = 1; select $in, undef, undef, $seconds;
print 'released ', now, "\\n"; trace 17;
`

function commandOf(hold: Hold, seconds: number): readonly [string, ...string[]] {
  if (hold.kind === 'shell')
    return ['bash', '-c', shellScript, 'hold', String(seconds), hold.begin, hold.end, ...hold.args]
  const numbers = callNumbers[process.arch]
  if (numbers === undefined)
    throw new Fault(`No tracer is made for ${process.arch}.`, 'Take another scenario: whylate drill sigstop')
  return ['perl', '-e', traceScript, String(seconds), String(hold.pid), `${numbers.ptrace}`, `${numbers.clockGettime}`]
}

export interface HoldOptions {
  readonly mark: string
  readonly seconds: number
  /** Lets go early. */
  readonly signal?: AbortSignal | undefined
  readonly onStart?: ((startAt: Epoch) => void) | undefined
}

export async function holdFor(hold: Hold, options: HoldOptions): Promise<Held> {
  const [command, ...args] = commandOf(hold, options.seconds)
  const child = execa(command, args, {
    env: environmentOf(options.mark),
    extendEnv: false,
    reject: false,
    stdin: 'pipe',
  })
  const release = (): void => void child.stdin.end()
  if (options.signal?.aborted === true) release()
  options.signal?.addEventListener('abort', release, { once: true })
  const edges = new Map<string, Epoch>()
  let comm = command
  for await (const line of child) {
    const groups = /^(?<edge>held|released) (?<seconds>\d+)\.(?<fraction>\d+)$/.exec(line)?.groups
    if (groups === undefined) continue
    const at = epochFrom(groups['seconds'] ?? '', groups['fraction'] ?? '')
    edges.set(groups['edge'] ?? '', at)
    if (groups['edge'] !== 'held') continue
    comm = (await readFile(`/proc/${child.pid}/comm`, 'utf8').catch(() => comm)).trim()
    options.onStart?.(at)
  }
  options.signal?.removeEventListener('abort', release)
  const result = await child
  if (result.code === 'ENOENT') throw missingFault(command)
  const [startAt, endAt] = [edges.get('held'), edges.get('released')]
  if (result.failed || startAt === undefined || endAt === undefined || child.pid === undefined) {
    throw new Fault(
      `The fault could not be injected: ${result.stderr.trim() || `${command} told no time`}`,
      command === 'bash' ? 'It needs bash 5.' : 'Is another tracer (gdb, strace) at work on the pair?',
    )
  }
  return { startAt, endAt, pid: child.pid, comm }
}
