// `whylate doctor`: can each probe run here, and if not, the command that makes it so.

import { chooseEngine } from '../capture/engine.ts'
import { examine, examineGuests, type Examination, type GuestExamination } from '../capture/examine.ts'
import { readPrivileges } from '../capture/privileges.ts'
import { printable } from '../report/printable.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import type { LiveOptions } from './live-options.ts'
import { answer } from './say.ts'
import { settingsOf } from './settings.ts'

export interface DoctorOptions extends LiveOptions {
  readonly json?: boolean
}

const signs: Readonly<Record<Examination['state'], string>> = {
  ok: 'works',
  degraded: 'works in part',
  absent: 'does not run',
}

function lines(one: Examination): string[] {
  const version = (one.version ?? '') === '' ? '' : ` ${one.version}`
  const path = one.path === undefined ? '' : ` (${one.path})`
  return [
    `${one.probe.padEnd(9)}${signs[one.state]}${version}${path}`,
    ...one.works.map((what) => `         ${what}`),
    ...one.lacks.flatMap((lack) => [`         ${lack.reason}`, `         mend it: ${lack.remedy}`]),
  ].map(printable)
}

function guestLines({ name, way, afterMs, lack }: GuestExamination): string[] {
  const head = `guest ${name}: ${afterMs === undefined ? 'sysdig does not run there' : 'sysdig works there'}`
  const rest =
    lack === undefined
      ? [`         first byte after ${Math.round(afterMs ?? 0)} ms, ${way}`]
      : [`         ${lack.reason}`, `         mend it: ${lack.remedy}`]
  return [head, ...rest].map(printable)
}

export async function runDoctor(options: DoctorOptions): Promise<ExitCode> {
  const settings = settingsOf(options)
  const examinations = await examine(settings)
  const guests = await examineGuests(settings.guests ?? [])
  const choice = chooseEngine(options.engine, examinations)
  const privileges = readPrivileges()
  const summary = privileges.isRoot ? 'You are root.' : 'You are not root: what follows is what works without it.'
  if (options.json === true)
    answer(
      `${JSON.stringify({ privileges: summary, probes: examinations, engine: choice, ...(guests.length === 0 ? {} : { guests }) }, undefined, 2)}\n`,
    )
  else
    answer(
      `${[printable(summary), '', ...examinations.flatMap(lines), `host     works (reads /proc and /sys ten times a second)`, ...guests.flatMap(guestLines), '', printable(choice.because)].join('\n')}\n`,
    )
  const hasCapture = examinations.some((one) => one.probe === 'tcpdump' && one.state !== 'absent')
  return hasCapture ? exitCode.done : exitCode.cannotRun
}
