// Processes of a drill that keep something busy: a CPU, a disk. They end by themselves, so that a SCHED_FIFO loop whose
// owner was killed does not go on until somebody looks.

import { execa } from 'execa'
import { environmentOf } from './command.ts'

export interface Busy {
  readonly pid: number
  readonly comm: string
  end(): Promise<void>
}

/** `command` in front of bash: chrt, taskset. `loop`: what it does over and over, shell of ours. */
export async function startBusy(
  mark: string,
  loop: string,
  seconds: number,
  command: readonly string[] = [],
): Promise<Busy> {
  const script = `end=$((SECONDS + ${Math.ceil(seconds) + 1})); while [ "$SECONDS" -lt "$end" ]; do ${loop}; done`
  const [file, ...args] = [...command, 'bash', '-c', script]
  const child = execa(file, args, { env: environmentOf(mark), extendEnv: false, reject: false, stdin: 'ignore' })
  if (child.pid === undefined) throw new Error((await child).message)
  return {
    pid: child.pid,
    comm: 'bash',
    async end() {
      child.kill('SIGKILL')
      await child
    },
  }
}
