// Which program tells what the kernel did: sysdig by its module, sysdig by BPF, or bpftrace? Nobody can tell from
// outside (a module may be there and of another version), so each is started for real, in turn, until one speaks.

import { kernelEngines, type ProbeName } from '../events/probe.ts'
import type { Examination } from './examine.ts'
import type { OutputListener } from './output.ts'
import type { Supervised } from './supervise.ts'
import type { ToolSpec } from './tool-spec.ts'

export const engineNames = ['sysdig', 'bpftrace', 'none'] as const
export type Engine = (typeof engineNames)[number]
/** --engine */
export type WantedEngine = 'auto' | Engine

export interface EngineFailure {
  readonly probe: ProbeName
  readonly reason: string
  readonly remedy: string
}

/** What was tried, and the one that runs. */
export interface StartedEngine {
  readonly running: Supervised | undefined
  readonly failures: readonly EngineFailure[]
}

/** sysdig 0.41 takes 7 s of CPU until its first byte, bpftrace 2 s; on a busy host several times that. */
const firstByteMs = 30_000

/** The first that speaks goes on running; what the others said of their failure is returned, not told. */
export async function startFirstThatSpeaks(
  candidates: readonly ToolSpec[],
  run: (spec: ToolSpec, listener: OutputListener) => Supervised,
  listener: OutputListener,
  isWanted: () => boolean,
): Promise<StartedEngine> {
  const failures: EngineFailure[] = []
  for (const spec of candidates) {
    if (!isWanted()) break
    let isChosen = false
    const running = run(spec, (output) => {
      isChosen ||= output.kind === 'started'
      if (isChosen) listener(output)
    })
    const word = await firstWordOf(running)
    if (word.kind === 'speaks') return { running, failures }
    await running.stop()
    const { reason, remedy = `Run \`${spec.tool}\` by hand to see why, or choose another --engine.` } = word
    failures.push({ probe: spec.probe, reason: `${reason} (${spec.detail})`, remedy })
  }
  return { running: undefined, failures }
}

async function firstWordOf(of: Supervised): ReturnType<() => Supervised['firstWord']> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<Awaited<Supervised['firstWord']>>((resolve) => {
    const reason = `${of.spec.tool} said nothing in its first ${firstByteMs / 1000} s`
    timer = setTimeout(() => resolve({ kind: 'failed', reason, remedy: undefined }), firstByteMs)
  })
  const word = await Promise.race([of.firstWord, tooLate])
  clearTimeout(timer)
  return word
}

/** Failures of one probe as one sentence: `sysdig … (kernel module); sysdig … (modern BPF)`. */
export function joinFailures(failures: readonly EngineFailure[], probe: ProbeName): EngineFailure | undefined {
  const own = failures.filter((failure) => failure.probe === probe)
  const last = own.at(-1)
  return last && { probe, reason: own.map(({ reason }) => reason).join('; '), remedy: last.remedy }
}

export interface EngineChoice {
  readonly engine: Engine
  /** Why this one; a whole sentence. */
  readonly because: string
}

/** What whylate would take, by what was examined. */
export function chooseEngine(wanted: WantedEngine, examinations: readonly Examination[]): EngineChoice {
  if (wanted === 'none') return { engine: 'none', because: 'You asked for no kernel probe: verdicts rest on the wire.' }
  const order = wanted === 'auto' ? kernelEngines : [wanted]
  const reasons: string[] = []
  for (const engine of order) {
    const found = examinations.find(({ probe }) => probe === engine)
    if (found !== undefined && found.state !== 'absent') {
      const instead = reasons.length > 0 ? ` It stands in for sysdig: ${reasons.join(' ')}` : ''
      return { engine, because: `${engine} ${found.version ?? ''} works here.${instead}`.replace('  ', ' ') }
    }
    const lack = found?.lacks.at(-1)
    reasons.push(lack === undefined ? `${engine} was not examined.` : `${lack.reason}.`)
  }
  return { engine: 'none', because: `No kernel probe runs here. ${reasons.join(' ')}` }
}
