// The root component: keys in, frames out. Data and choices live outside React (live-frame.ts); there is no arithmetic and
// no formatting here. It gives Ink nothing to lay out: painter.ts says why.

import { useInput, type Key } from 'ink'
import { useCallback, useLayoutEffect, useSyncExternalStore } from 'react'
import { keyNamesOf } from './keys.ts'
import type { LiveFrame } from './live-frame.ts'
import type { Painter } from './painter.ts'

export interface AppProps {
  readonly live: LiveFrame
  readonly painter: Painter
}

export function App({ live, painter }: AppProps): null {
  const frame = useSyncExternalStore(live.subscribe, live.frame)
  useLayoutEffect(() => painter.paint(frame), [frame, painter])
  const onInput = useCallback(
    (input: string, key: Key): void => {
      for (const name of keyNamesOf(input, key)) live.press(name)
    },
    [live],
  )
  useInput(onInput)
  return null
}
