// Can each probe run here, and if not, what makes it so? Is it installed, which version, may we, does it really start:
// the last by a short real run with exactly the argv that a session would use. `whylate doctor` prints the answers.

import { bpftraceSpec } from './bpftrace.ts'
import { readExecutable, type Executable, type ToolName } from './executable.ts'
import { programOf, type GuestCommand } from './guest-command.ts'
import { guestSpec } from './guest-probe.ts'
import { iostatSpec } from './iostat.ts'
import { openOwnClock, type OwnClock } from './own-clock.ts'
import { checkFilter, checkVantage, tcpdumpFor, type Vantage } from './preflight.ts'
import { readPrivileges, type Privileges } from './privileges.ts'
import { canNameProcesses, driversOf, sysdigSpec } from './sysdig.ts'
import type { ToolSpec } from './tool-spec.ts'
import { tryTool } from './trial.ts'

export interface Lack {
  /** Without a full stop. */
  readonly reason: string
  /** The command that mends it. */
  readonly remedy: string
}

export interface Examination {
  readonly probe: ToolName
  readonly path: string | undefined
  readonly version: string | undefined
  /** degraded: it runs, and something it should show is missing. */
  readonly state: 'ok' | 'degraded' | 'absent'
  /** What was seen to work, e.g. `first byte after 52 ms, on any`. */
  readonly works: readonly string[]
  readonly lacks: readonly Lack[]
}

export interface ExamineOptions extends Vantage {
  /** Of --tcpdump and the like. */
  readonly paths: Readonly<Partial<Record<ToolName, string>>>
}

const trialMs: Readonly<Record<ToolName, number>> = { tcpdump: 5000, iostat: 5000, bpftrace: 30_000, sysdig: 30_000 }

/** One of each, in the order tcpdump, sysdig, bpftrace, iostat; at most 30 s a driver. Throws a Fault for wrong options only. */
export async function examine(options: ExamineOptions): Promise<readonly Examination[]> {
  await checkVantage(options)
  const clock = openOwnClock()
  const specs: Readonly<Record<ToolName, (found: Executable) => Promise<readonly ToolSpec[]> | readonly ToolSpec[]>> = {
    tcpdump: async (found) => {
      await checkFilter(found, options)
      return [tcpdumpFor(found, options)]
    },
    sysdig: ({ path, version }) =>
      driversOf(version).map((driver) =>
        sysdigSpec({ path, version, driver, ownPid: process.pid, heartbeatTid: undefined }),
      ),
    bpftrace: ({ path, version }) => [bpftraceSpec({ path, version, watched: [] })],
    iostat: ({ path, version }) => [iostatSpec(path, version)],
  }
  return Promise.all(
    (['tcpdump', 'sysdig', 'bpftrace', 'iostat'] as const).map((tool) =>
      examineTool(tool, options.paths[tool], specs[tool], clock),
    ),
  )
}

export interface GuestExamination {
  readonly name: string
  /** After so many milliseconds something came from there; undefined: nothing. */
  readonly afterMs: number | undefined
  /** The way in: `by ssh`. */
  readonly way: string
  readonly lack: Lack | undefined
}

/** sysdig logs in, reads all of /proc and starts; a guest under load takes its time for each. */
const guestTrialMs = 60_000

/** Each really led into, and sysdig really started there. */
export function examineGuests(guests: readonly GuestCommand[]): Promise<readonly GuestExamination[]> {
  const clock = openOwnClock()
  return Promise.all(
    guests.map(async (guest): Promise<GuestExamination> => {
      const trial = await tryTool(guestSpec(guest), clock, guestTrialMs)
      const known = { name: guest.name, way: `by ${programOf(guest)}` }
      if (trial.kind === 'works') return { ...known, afterMs: trial.afterMs, lack: undefined }
      const remedy =
        trial.remedy ??
        `Run \`${programOf(guest)} …\` by hand to see why: it has to give a shell without asking anything.`
      return { ...known, afterMs: undefined, lack: { reason: trial.reason, remedy } }
    }),
  )
}

async function examineTool(
  tool: ToolName,
  given: string | undefined,
  specsOf: (found: Executable) => Promise<readonly ToolSpec[]> | readonly ToolSpec[],
  clock: OwnClock,
): Promise<Examination> {
  const found = await readExecutable(tool, given)
  if (found.kind === 'missing') {
    const { reason, remedy } = found
    return { probe: tool, path: undefined, version: undefined, state: 'absent', works: [], lacks: [{ reason, remedy }] }
  }
  const { path, version } = found.executable
  const works: string[] = []
  const lacks: Lack[] = []
  for (const spec of await specsOf(found.executable)) {
    const trial = await tryTool(spec, clock, trialMs[tool])
    if (trial.kind === 'works') {
      works.push(`first byte after ${Math.round(trial.afterMs)} ms, ${spec.detail}`)
      break
    }
    lacks.push({ reason: `${trial.reason} (${spec.detail})`, remedy: remedyOf(tool, path, trial.remedy) })
  }
  const limits = works.length === 0 ? [] : await limitsOf(tool, readPrivileges())
  const state = works.length === 0 ? 'absent' : limits.length > 0 ? 'degraded' : 'ok'
  return { probe: tool, path, version, state, works, lacks: [...lacks, ...limits] }
}

/** `known`: by the tool's file. sysdig says the same of a missing module as of a missing privilege. */
function remedyOf(tool: ToolName, path: string, known: string | undefined): string {
  const isRoot = readPrivileges().isRoot
  const byHand = `Run \`${path}\` by hand to see why, or name another by --${tool} PATH.`
  if (isRoot || known?.startsWith('sudo') === true) return known ?? byHand
  if (known === undefined) return 'sudo whylate …'
  return tool === 'sysdig' ? `sudo whylate …; if that does not help: ${known}` : known
}

/** What a probe that runs still cannot show. */
async function limitsOf(tool: ToolName, privileges: Privileges): Promise<readonly Lack[]> {
  const lacks: Lack[] = []
  if (tool === 'sysdig' && !(await canNameProcesses()))
    lacks.push({
      reason: 'processes that run already will have no name (/proc/1/root cannot be read)',
      remedy: 'run whylate as root on the host (CAP_SYS_PTRACE), not in a container',
    })
  if (tool === 'bpftrace' && !privileges.has('CAP_SYS_ADMIN'))
    lacks.push({ reason: 'tracefs can only be used where it is mounted already', remedy: 'sudo whylate …' })
  return lacks
}
