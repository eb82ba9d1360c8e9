// A short real run: does this tool, with exactly our argv, say anything here? Nothing else tells for certain.

import type { OwnClock } from './own-clock.ts'
import { supervise } from './supervise.ts'
import type { ToolSpec } from './tool-spec.ts'

export type Trial =
  | { readonly kind: 'works'; readonly afterMs: number }
  | { readonly kind: 'fails'; readonly reason: string; readonly remedy: string | undefined }

/** The tool is stopped again, whatever came of it. */
export async function tryTool(spec: ToolSpec, clock: OwnClock, timeoutMs: number): Promise<Trial> {
  const once: ToolSpec = { ...spec, restart: { kind: 'never' }, silence: undefined, waitsFor: undefined }
  const running = supervise(once, clock, () => undefined)
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs)
  })
  const word = await Promise.race([running.firstWord, tooLate])
  clearTimeout(timer)
  await running.stop()
  if (word === undefined)
    return { kind: 'fails', reason: `${spec.tool} said nothing for ${timeoutMs / 1000} s`, remedy: undefined }
  if (word.kind === 'speaks') return { kind: 'works', afterMs: word.afterMs }
  return { kind: 'fails', reason: word.reason, remedy: word.remedy }
}
