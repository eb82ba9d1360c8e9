// The screen of a terminal that cannot move its cursor (TERM=dumb): what is known when it opens, and then what is new,
// line after line. Ctrl-C, or q and Enter, ends it.

import { asciiOf } from '../report/glyphs.ts'
import { formatNews, formatSession } from '../report/plain.ts'
import type { ScreenOptions } from './screen-options.ts'

export async function openPlainScreen(
  { source, terminal, onQuit, until }: ScreenOptions,
  form: 'utf8' | 'ascii',
): Promise<void> {
  const { stdin, stdout } = terminal
  let end: (signal: NodeJS.Signals | undefined) => void = () => {}
  const ended = new Promise<NodeJS.Signals | undefined>((resolve) => {
    end = resolve
  })
  const print = (text: string): void => {
    if (text === '') return
    const lines = form === 'ascii' ? text.split('\n').map(asciiOf).join('\n') : text
    stdout.write(lines)
  }
  let told = source.snapshot()
  print(`${formatSession(told)}\nq and Enter, or Ctrl-C, to quit. What is new follows.\n\n`)
  const unsubscribe = source.subscribe(() => {
    const snapshot = source.snapshot()
    print(formatNews(told, snapshot))
    told = snapshot
  })
  const onData = (data: Buffer | string): void => {
    if (/^q/m.test(data.toString())) end(undefined)
  }
  const onSignal = (signal: NodeJS.Signals): void => end(signal)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, onSignal)
  stdin.on('data', onData)
  try {
    onQuit(await (until === undefined ? ended : Promise.race([ended, until.then(() => undefined)])))
  } finally {
    unsubscribe()
    stdin.off('data', onData)
    stdin.pause()
    for (const signal of signals) process.off(signal, onSignal)
  }
}
