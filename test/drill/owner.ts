// A whylate that owns a pair, as a process of its own, so that it can be killed as a real one would be.
//
// Node 20 runs no TypeScript: the drill is compiled once into a directory, and the owner is a few lines on top of it.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { execa } from 'execa'
import type { PairOptions } from '../../src/drill/pair-options.ts'
import { readCgroupMounts } from '../../src/drill/cgroup-mount.ts'
import { parseMark } from '../../src/drill/mark.ts'

const projectRoot = resolve(import.meta.dirname, '../..')

const program = (wanted: Partial<PairOptions>): string => `
import { openPair } from './dist/drill/pair.js'
import { scenarioOf } from './dist/drill/scenarios.js'
const tell = (text) => process.stdout.write(text + '\\n')
tell('opening')
const scenario = scenarioOf(process.argv[2] ?? '')
const pair = await openPair(scenario === undefined ? ${JSON.stringify(wanted)} : scenario.pair)
tell('up ' + pair.mark + ' ' + pair.sender.pid)
await scenario?.tcpdump?.(pair)
await scenario?.inject(pair, { seconds: 60, onStart: () => tell('injected') })
setInterval(() => undefined, 1000)
`

export interface OwnerProgram {
  /** Starts an owner; resolves when it has said a line that begins with `until`. `scenario`: injected when it is up. */
  start(until: string, scenario?: string): Promise<RunningOwner>
  remove(): void
}

interface RunningOwner {
  readonly pid: number
  readonly lines: readonly string[]
  kill(): Promise<void>
}

export async function buildOwner(wanted: Partial<PairOptions> = {}): Promise<OwnerProgram> {
  const directory = mkdtempSync(join(tmpdir(), 'whylate-owner-'))
  symlinkSync(join(projectRoot, 'node_modules'), join(directory, 'node_modules'))
  mkdirSync(join(directory, 'dist'))
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
  writeFileSync(join(directory, 'owner.js'), program(wanted))
  const config = {
    extends: join(projectRoot, 'tsconfig.json'),
    compilerOptions: { noEmit: false, rootDir: join(projectRoot, 'src'), outDir: join(directory, 'dist') },
    include: [join(projectRoot, 'src/drill')],
  }
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(config))
  await execa(join(projectRoot, 'node_modules/.bin/tsc'), ['-p', directory])
  return {
    async start(until, scenario) {
      const child = execa(
        process.execPath,
        [join(directory, 'owner.js'), ...(scenario === undefined ? [] : [scenario])],
        {
          reject: false,
          buffer: false,
          stdin: 'ignore',
          stderr: 'inherit',
        },
      )
      const lines: string[] = []
      await new Promise<void>((said, reject) => {
        createInterface(child.stdout)
          .on('line', (line) => {
            lines.push(line)
            if (line.startsWith(until)) said()
          })
          .on('close', () => reject(new Error(`the owner ended: ${lines.join(' ')}`)))
      })
      if (child.pid === undefined) throw new Error('the owner has no pid')
      return {
        pid: child.pid,
        lines,
        async kill() {
          child.kill('SIGKILL')
          await child
        },
      }
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** All that carries a mark of these owners: namespaces, run directories, cgroups, mounts, loop devices, processes. */
export async function readTraces(pids: readonly number[]): Promise<readonly string[]> {
  const isTheirs = (name: string): boolean => pids.includes(parseMark(name)?.owner.pid ?? 0)
  const traces: string[] = []
  const hierarchies = (await readCgroupMounts()).map(({ directory }) => directory)
  for (const folder of ['/run', '/run/netns', tmpdir(), ...hierarchies]) {
    const names = await readdir(folder).catch(() => [])
    traces.push(...names.filter(isTheirs).map((name) => join(folder, name)))
  }
  // A loop device names the file behind it; a mount, its place: both lie in the run directory.
  const places = 'cat /sys/block/loop*/loop/backing_file /proc/self/mountinfo 2>/dev/null; true'
  const environments = 'cat /proc/[0-9]*/environ 2>/dev/null; true'
  for (const [command, pattern] of [
    [places, /\/(whylate-drill-[\w-]+)/g],
    [environments, /WHYLATE_DRILL=([\w-]+)/g],
  ] as const) {
    const { stdout } = await execa('sh', ['-c', command])
    traces.push(...new Set([...stdout.matchAll(pattern)].map((match) => match[1] ?? '').filter(isTheirs)))
  }
  return traces
}

interface Relative {
  readonly pid: number
  readonly parent: number
  /** Tells it from a later process of the same number. */
  readonly startTicks: string
  readonly comm: string
}

async function readProcesses(): Promise<readonly Relative[]> {
  const { stdout } = await execa('sh', ['-c', 'cat /proc/[0-9]*/stat 2>/dev/null; true'])
  // 4711 (keepalived) S 4710 …, the start in field 22
  return stdout.split('\n').flatMap((line) => {
    const [, pid = '', comm = '', rest = ''] = /^(\d+) \((.*)\) (.*)$/.exec(line) ?? []
    const [state = '', parent = '', ...more] = rest.split(' ')
    return 'ZX'.includes(state) ? [] : [{ pid: Number(pid), comm, parent: Number(parent), startTicks: more[17] ?? '' }]
  })
}

/** All processes below this one, whatever they are called and whatever is left of their environment. */
export async function readFamily(pid: number): Promise<readonly Relative[]> {
  const all = await readProcesses()
  const below = (parent: number): readonly Relative[] =>
    all.flatMap((one) => (one.parent === parent ? [one, ...below(one.pid)] : []))
  return below(pid)
}

export async function stillAlive(family: readonly Relative[]): Promise<readonly string[]> {
  const all = await readProcesses()
  return family.flatMap(({ pid, startTicks, comm }) =>
    all.some((one) => one.pid === pid && one.startTicks === startTicks) ? [`${comm} (${pid})`] : [],
  )
}
