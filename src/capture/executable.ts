// Where is a tool, and which version is it? By option, by WHYLATE_TCPDUMP and the like, else by PATH, with the places
// added that a user's PATH lacks (/usr/sbin holds tcpdump).

import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ask } from './ask.ts'

export const toolNames = ['tcpdump', 'sysdig', 'bpftrace', 'iostat'] as const
export type ToolName = (typeof toolNames)[number]

export interface Executable {
  readonly tool: ToolName
  readonly path: string
  /** '' when it did not say. */
  readonly version: string
}

export type Found =
  | { readonly kind: 'found'; readonly executable: Executable }
  | { readonly kind: 'missing'; readonly reason: string; readonly remedy: string }

const questions: Readonly<Record<ToolName, { readonly argument: string; readonly pattern: RegExp }>> = {
  tcpdump: { argument: '--version', pattern: /tcpdump version (?<version>\S+)/ },
  sysdig: { argument: '--version', pattern: /sysdig version (?<version>\S+)/ },
  bpftrace: { argument: '--version', pattern: /bpftrace v?(?<version>\d\S*)/ },
  iostat: { argument: '-V', pattern: /sysstat version (?<version>\S+)/ },
}

/** An emulated or a crowded machine takes seconds to link it. */
const versionTimeoutMs = 6000

export const packageOf: Readonly<Record<ToolName, string>> = {
  tcpdump: 'apt-get install tcpdump',
  sysdig: 'apt-get install sysdig falcosecurity-scap-dkms "linux-headers-$(uname -r)", or --engine bpftrace',
  bpftrace: 'apt-get install bpftrace',
  iostat: 'apt-get install sysstat, or --no-iostat',
}

export const variableOf = (tool: ToolName): string => `WHYLATE_${tool.toUpperCase()}`

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

export function pathOf(tool: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
  return folders
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => join(folder, tool))
    .find(isExecutable)
}

/** `given`: the path of an option. */
export async function readExecutable(tool: ToolName, given: string | undefined): Promise<Found> {
  const named = given ?? process.env[variableOf(tool)]
  const found = named === undefined || named === '' ? pathOf(tool) : named.includes('/') ? named : pathOf(named)
  if (found === undefined || !isExecutable(found)) return missingOf(tool, named)
  const answer = await ask([found, questions[tool].argument], versionTimeoutMs)
  const version = questions[tool].pattern.exec(`${answer.stdout}\n${answer.stderr}`)?.groups?.['version'] ?? ''
  return { kind: 'found', executable: { tool, path: found, version } }
}

function missingOf(tool: ToolName, named: string | undefined): Found {
  if (named === undefined || named === '')
    return { kind: 'missing', reason: `${tool} is not installed`, remedy: packageOf[tool] }
  const remedy = `Correct --${tool} or ${variableOf(tool)}, or leave it out to use the one in PATH.`
  return { kind: 'missing', reason: `${named} is not an executable file`, remedy }
}
