// Shows a session on a terminal until the operator quits.
//
// Ink is started anew after each resize and suspension (terminal.ts says why); nothing is lost by it, because data and
// choices live in the live frame.

import './ink-environment.ts'
import { render, type Instance } from 'ink'
import { createElement } from 'react'
import { App } from './App.tsx'
import { createLiveFrame, type ExportWindow } from './live-frame.ts'
import { paletteOf } from './palette.ts'
import { openPlainScreen } from './plain-screen.ts'
import type { ScreenOptions } from './screen-options.ts'
import { openTerminal, traitsOf } from './terminal.ts'

/** Frames are few by themselves (live-frame.ts); this bounds what a held key causes, and is what a key may wait for. */
const maxFps = 30
/** A window that is dragged changes its size with each pixel. */
const settledMs = 30

const cannotExport: ExportWindow = () =>
  Promise.resolve({ sentence: 'There is nowhere to export to.', isWritten: false })

/** Resolves when the screen is closed; rejects with a defect of ours, the terminal restored in both cases. */
export async function openScreen(options: ScreenOptions): Promise<void> {
  const traits = traitsOf(options.terminal.env)
  if (traits.isDumb) return openPlainScreen(options, traits.form)
  let end: (signal: NodeJS.Signals | undefined) => void = () => {}
  let fail: (defect: unknown) => void = () => {}
  const ended = new Promise<NodeJS.Signals | undefined>((resolve, reject) => {
    end = resolve
    fail = reject
  })
  let settling: NodeJS.Timeout | undefined
  let ink: Instance | undefined
  const terminal = openTerminal(options.terminal, {
    onDisturbed() {
      clearTimeout(settling)
      settling = setTimeout(start, settledMs)
    },
    onSignal: (signal) => end(signal),
  })
  const live = createLiveFrame({
    source: options.source,
    size: terminal.size,
    form: traits.form,
    nowMs: () => performance.now(),
    exportWindow: options.exportWindow ?? cannotExport,
    onDefect: (defect) => fail(defect),
    onCommand(kind) {
      if (kind === 'quit') end(undefined)
      else if (kind === 'suspend') terminal.suspend()
      else setImmediate(start)
    },
  })
  const leave = (): void => {
    terminal.mute(true)
    ink?.unmount()
    terminal.mute(false)
  }
  function start(): void {
    leave()
    terminal.clear()
    live.redraw()
    ink = render(createElement(App, { live, palette: paletteOf(traits.hasColour) }), {
      stdin: terminal.input,
      stdout: terminal.output,
      maxFps,
      incrementalRendering: true,
      exitOnCtrlC: false,
    })
    ink.waitUntilExit().catch((defect: unknown) => fail(defect))
  }
  try {
    start()
    const signal = await (options.until === undefined
      ? ended
      : Promise.race([ended, options.until.then(() => undefined)]))
    clearTimeout(settling)
    leave()
    terminal.close()
    options.onQuit(signal)
  } finally {
    clearTimeout(settling)
    live.close()
    terminal.close()
  }
}
