// A machine to set up, in a directory: a project of one source file, and a PATH that holds what the test puts there.

import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'

const projectRoot = resolve(import.meta.dirname, '../..')
const asNobodyArgs = ['--reuid=65534', '--regid=65534', '--clear-groups']

interface SetupResult {
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
  /** The calls of apt-get, npm, tsc and the others since the machine was made. */
  readonly calls: readonly string[]
}

interface SetupCircumstances {
  readonly asNobody?: boolean
  /** SIGTERM as soon as a call begins with this. */
  readonly terminateAt?: string
}

export interface FreshMachine {
  readonly directory: string
  readonly tools: string
  addTools(names: readonly string[]): void
  /** Takes a stand-in off the PATH. */
  without(name: string): void
  setUp(mode: string, environment?: Readonly<Record<string, string>>, when?: SetupCircumstances): Promise<SetupResult>
  remove(): void
}

export const runTools = ['tcpdump', 'iostat', 'keepalived', 'ip', 'bpftrace', 'ps', 'nsenter']
export const testTools = [...runTools, 'sysdig', 'tmux', 'python3', 'nft', 'chromium-headless-shell']
export const labTools = ['qemu-system-x86_64', 'busybox', 'gcc-12', 'make']

const lock = { packages: { '': { name: 'x' }, 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } } }

export function createFreshMachine(): FreshMachine {
  const directory = mkdtempSync(join(tmpdir(), 'whylate-setup-'))
  const [programs, tools, log] = ['bin-of-fakes', 'tools', 'calls.log'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ]
  cpSync(join(projectRoot, 'bin'), join(directory, 'bin'), { recursive: true })
  cpSync(join(projectRoot, 'test/fixtures/setup-bin'), programs, { recursive: true })
  mkdirSync(join(directory, 'src/cli'), { recursive: true })
  mkdirSync(tools)
  writeFileSync(join(directory, 'src/cli/main.ts'), 'export {}\n')
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
  writeFileSync(join(directory, 'package-lock.json'), JSON.stringify(lock))
  writeFileSync(log, '')
  for (const path of [directory, tools]) chmodSync(path, 0o777)
  chmodSync(log, 0o666)
  const calls = (): readonly string[] =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
  return {
    directory,
    tools,
    addTools(names) {
      for (const name of names) writeFileSync(join(tools, name), '#!/bin/sh\n', { mode: 0o755 })
    },
    without: (name) => rmSync(join(programs, name)),
    async setUp(mode, environment = {}, when = {}) {
      const command = [process.execPath, join(directory, 'bin/setup.js'), mode]
      if (when.asNobody === true) command.unshift('/usr/bin/setpriv', ...asNobodyArgs, '--')
      const [file = '', ...args] = command
      const env = {
        PATH: `${programs}:${tools}`,
        FAKE_LOG: log,
        FAKE_TOOLS: tools,
        FAKE_PROGRAMS: programs,
        WHYLATE_OS_RELEASE: join(directory, 'os-release'),
      }
      const child = execa(file, args, {
        env: { ...env, FAKE_APT: 'ok', FAKE_NPM: 'ok', ...environment },
        extendEnv: false,
        reject: false,
        stdin: 'ignore',
      })
      if (when.terminateAt !== undefined) {
        while (!calls().some((call) => call.startsWith(when.terminateAt ?? ''))) await sleep(10)
        child.kill('SIGTERM')
      }
      const result = await child
      return { code: result.exitCode, stdout: result.stdout, stderr: result.stderr, calls: calls() }
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}
