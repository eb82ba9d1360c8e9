// bin/whylate.js: hands over to the built program, or says what to do first.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFreshMachine, type FreshMachine } from './fresh-machine.ts'

let machine: FreshMachine
beforeEach(() => {
  machine = createFreshMachine()
})
afterEach(() => machine.remove())

const shim = async (name: 'whylate.js' | 'setup.js', ...args: readonly string[]) =>
  execa(process.execPath, [join(machine.directory, 'bin', name), ...args], { reject: false })

function putMain(text: string): void {
  mkdirSync(join(machine.directory, 'dist/program'), { recursive: true })
  writeFileSync(join(machine.directory, 'dist/program/main.js'), text)
}

test('arguments, output and exit code are those of the built program', async () => {
  putMain('console.log(process.argv.slice(2).join("+")); process.exitCode = 10')
  const result = await shim('whylate.js', 'report', 'x.whylate')
  expect({ stdout: result.stdout, code: result.exitCode }).toEqual({ stdout: 'report+x.whylate', code: 10 })
})

test('without a build it names the command, ends with 3 and keeps stdout empty', async () => {
  const result = await shim('whylate.js')
  expect(result.exitCode).toBe(3)
  expect(result.stdout).toBe('')
  expect(result.stderr).toBe('whylate: it is not built yet: dist/program/main.js is missing.\n  npm run build')
})

test('a program that cannot be loaded is a defect: 1 and the stack', async () => {
  putMain("import './absent.js'")
  const result = await shim('whylate.js')
  expect(result.exitCode).toBe(1)
  expect(result.stderr).toMatch(/^whylate: a defect: .*absent\.js/)
})

test.each(['whylate.js', 'setup.js'] as const)('%s says which Node it needs when this one is too old', async (name) => {
  putMain('console.log("ran")')
  // The version that the check sees is put in its place; everything else is the real thing.
  const path = join(machine.directory, 'bin/setup/node-version.js')
  writeFileSync(path, readFileSync(path, 'utf8').replace('process.versions.node', "'20.18.3'"))
  const result = await shim(name, 'run')
  expect(result.exitCode).toBe(3)
  expect(result.stdout).toBe('')
  expect(result.stderr).toContain('this is Node 20.18.3, and whylate needs 20.19 or later.')
})
