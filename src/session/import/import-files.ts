// Files that others captured, as one finished session: what `whylate report --pcap …` reads.

import type { Span } from '../../time/instant.ts'
import type { FinishedSession } from '../../engine/finished.ts'
import { openImportPlay } from './import-play.ts'
import { originOf, peekAll, type ImportFiles } from './import-sources.ts'
import type { OnProgress } from './play-file.ts'

export interface ImportSettings {
  readonly files: ImportFiles
  readonly interval: Span | undefined
  readonly late: Span | undefined
  readonly vrid: number | undefined
  readonly budgetBytes: number
  /** Told now and then which file is being read, and how much of it has been. */
  readonly onProgress: OnProgress
}

export async function importFiles(settings: ImportSettings): Promise<FinishedSession> {
  const { files, ...rest } = settings
  const sources = await peekAll(files)
  const play = openImportPlay(sources, { ...rest, ...originOf(sources), host: '', onDamage: () => undefined })
  const steps = play.steps()
  while ((await steps.next()).done !== true);
  return play.finished()
}
