// Holds something for a while: does it, waits, undoes it, and says when exactly. The hand that injects a fault.
//
// It is a process of its own, so that the culprit has another pid than whylate, as in life. bash has what it takes
// built in: `kill`, `printf` and a clock of microseconds (EPOCHREALTIME, bash 5.0), so it starts no further process. It
// waits by reading its stdin: when its owner dies, that ends, and the fault with it.

import { readFile } from 'node:fs/promises'
import { execa } from 'execa'
import { Fault } from '../capture/fault.ts'
import { epochFrom, type Epoch } from '../time/instant.ts'
import { environmentOf, missingFault } from './command.ts'

export type Hold =
  | { readonly kind: 'signal'; readonly pid: number }
  | { readonly kind: 'write'; readonly path: string; readonly begin: string; readonly end: string }

export interface Held {
  /** Just after it took hold, and just before it was let go. */
  readonly startAt: Epoch
  readonly endAt: Epoch
  /** The process that did it, and its name by /proc. */
  readonly pid: number
  readonly comm: string
}

const script = `
set -e; trap '' INT; kind=$1 seconds=$2 target=$3 begin=$4 end=$5
case $kind in
  signal) hold() { kill -STOP "$target"; }; release() { kill -CONT "$target"; } ;;
  write)  hold() { printf %s "$begin" > "$target"; }; release() { printf %s "$end" > "$target"; } ;;
esac
hold;  echo "held $EPOCHREALTIME"
IFS= read -r -t "$seconds" || true
echo "released $EPOCHREALTIME"; release
`

const argsOf = (hold: Hold, seconds: number): readonly string[] =>
  hold.kind === 'signal'
    ? ['signal', String(seconds), String(hold.pid), '', '']
    : ['write', String(seconds), hold.path, hold.begin, hold.end]

export interface HoldOptions {
  readonly mark: string
  readonly seconds: number
  /** Lets go early. */
  readonly signal?: AbortSignal | undefined
  readonly onHeld?: ((startAt: Epoch) => void) | undefined
}

export async function holdFor(hold: Hold, options: HoldOptions): Promise<Held> {
  const child = execa('bash', ['-c', script, 'hold', ...argsOf(hold, options.seconds)], {
    env: environmentOf(options.mark),
    extendEnv: false,
    reject: false,
    stdin: 'pipe',
  })
  const release = (): void => void child.stdin.end()
  if (options.signal?.aborted === true) release()
  options.signal?.addEventListener('abort', release, { once: true })
  const edges = new Map<string, Epoch>()
  let comm = 'bash'
  for await (const line of child) {
    const groups = /^(?<edge>held|released) (?<seconds>\d+)\.(?<fraction>\d+)$/.exec(line)?.groups
    if (groups === undefined) continue
    const at = epochFrom(groups['seconds'] ?? '', groups['fraction'] ?? '')
    edges.set(groups['edge'] ?? '', at)
    if (groups['edge'] !== 'held') continue
    comm = (await readFile(`/proc/${child.pid}/comm`, 'utf8').catch(() => comm)).trim()
    options.onHeld?.(at)
  }
  options.signal?.removeEventListener('abort', release)
  const result = await child
  if (result.code === 'ENOENT') throw missingFault('bash')
  const [startAt, endAt] = [edges.get('held'), edges.get('released')]
  if (result.failed || startAt === undefined || endAt === undefined || child.pid === undefined) {
    throw new Fault(
      `The fault could not be injected: ${result.stderr.trim() || 'bash told no time'}`,
      'It needs bash 5.',
    )
  }
  return { startAt, endAt, pid: child.pid, comm }
}
