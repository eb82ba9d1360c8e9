// Shows a session on a terminal until the operator quits.
//
// Ink has the keys, the root component and its defects; frames are painted (painter.ts), in full after each resize and each
// suspension.

import './ink-environment.ts'
import { render, type Instance } from 'ink'
import { createElement } from 'react'
import { App } from './App.tsx'
import { createLiveFrame, type ExportWindow } from './live-frame.ts'
import { paletteOf } from './palette.ts'
import { createPainter } from './painter.ts'
import { openPlainScreen } from './plain-screen.ts'
import type { ScreenOptions } from './screen-options.ts'
import { openTerminal, traitsOf } from './terminal.ts'

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
      // What is drawn until then is drawn in full, too.
      painter.forget()
      clearTimeout(settling)
      settling = setTimeout(paintAnew, settledMs)
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
      else setImmediate(paintAnew)
    },
  })
  const painter = createPainter((text) => terminal.write(text), paletteOf(traits.hasColour))
  function paintAnew(): void {
    painter.forget()
    terminal.clear()
    live.redraw()
  }
  try {
    ink = render(createElement(App, { live, painter }), {
      stdin: terminal.input,
      stdout: terminal.output,
      stderr: terminal.output,
      exitOnCtrlC: false,
    })
    ink.waitUntilExit().catch((defect: unknown) => fail(defect))
    const signal = await (options.until === undefined
      ? ended
      : Promise.race([ended, options.until.then(() => undefined)]))
    terminal.close()
    options.onQuit(signal)
  } finally {
    clearTimeout(settling)
    live.close()
    terminal.close()
    ink?.unmount()
  }
}
