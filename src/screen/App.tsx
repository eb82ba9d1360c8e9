// The root component: a frame in, rows of styled text out. Data and choices live outside React (live-frame.ts); there
// is no arithmetic and no formatting here.

import { Box, Text, useInput } from 'ink'
import { createElement, useSyncExternalStore, type ReactElement } from 'react'
import type { Row } from './cells.ts'
import { keyNamesOf } from './keys.ts'
import type { LiveFrame } from './live-frame.ts'
import type { Palette } from './palette.ts'

export interface AppProps {
  readonly live: LiveFrame
  readonly palette: Palette
}

export function App({ live, palette }: AppProps): ReactElement {
  const frame = useSyncExternalStore(live.subscribe, live.frame)
  useInput((input, key) => {
    for (const name of keyNamesOf(input, key)) live.press(name)
  })
  // Children by position, not by key: a row is its place on the screen, whatever stands in it.
  return createElement(Box, { flexDirection: 'column' }, ...frame.rows.map((row) => rowElement(row, palette)))
}

/** An empty row still takes its line. */
function rowElement(row: Row, palette: Palette): ReactElement {
  const parts = row.map((one) => createElement(Text, palette(one.meaning), one.text))
  return createElement(Text, { wrap: 'truncate-end' }, ...(parts.length === 0 ? [' '] : parts))
}
