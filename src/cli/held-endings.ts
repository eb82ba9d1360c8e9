// A terminal that is gone ends a program more than once: the kernel's SIGHUP, the multiplexer's own, SIGTERM of whoever waits,
// EIO at each word. The first of them is an end as any other; the others must not cut off what is being put away.

import { isatty } from 'node:tty'

const endings = ['SIGHUP', 'SIGTERM'] as const

/** From here on they end only who listens. Resolves with the first of them. */
export function holdEndings(): Promise<NodeJS.Signals> {
  const isGone = (): void => undefined
  process.stdout.on('error', isGone)
  process.stderr.on('error', isGone)
  return new Promise((resolve) => {
    for (const signal of endings) process.on(signal, () => resolve(signal))
  })
}

const terminals = [0, 1, 2].filter((fd) => isatty(fd))

/** All is put away. Node 20 aborts when it then cannot reset the terminal; we end as everybody else whose terminal went. */
export function leaveGoneTerminal(): void {
  if (terminals.every((fd) => isatty(fd))) return
  process.removeAllListeners('SIGHUP')
  process.kill(process.pid, 'SIGHUP')
}
