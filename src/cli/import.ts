// `whylate import`: files that others captured, into a bundle that replay and report read.

import { printable } from '../report/printable.ts'
import { importBundle } from '../session/import/import-bundle.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import { openProgress, sizeOfFiles } from './progress.ts'
import { filesOf, type FileOptions } from './report-options.ts'
import { answer, notice } from './say.ts'
import { formatSize } from './size.ts'
import { readVersion } from './version.ts'

export interface ImportOptions extends FileOptions {
  readonly output: string
  readonly keepSecrets?: boolean
  readonly budget: number
  readonly quiet?: boolean
}

const remarksShown = 10

export async function runImport(options: ImportOptions, argv: readonly string[]): Promise<ExitCode> {
  const isQuiet = options.quiet === true
  const abort = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => abort.abort())
  const files = filesOf(options)
  const progress = openProgress(isQuiet, sizeOfFiles(files))
  const { path, sizeBytes, session, remarks } = await importBundle({
    path: options.output,
    files,
    keepsSecrets: options.keepSecrets === true,
    budgetBytes: options.budget,
    program: { version: readVersion(), commandLine: argv },
    onProgress: progress.tell,
    signal: abort.signal,
  }).finally(() => progress.end())
  if (!isQuiet) for (const remark of remarks.slice(0, remarksShown)) notice(`whylate: ${remark}`)
  const adverts = session.flows.reduce((sum, flow) => sum + flow.adverts, 0)
  answer(`${printable(path)}: ${adverts} adverts, ${session.windows.length} late, ${formatSize(sizeBytes)}\n`)
  return exitCode.done
}
