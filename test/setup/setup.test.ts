// bin/setup.js as its user sees it: what it calls, what it says, its exit code. apt-get and the others are stand-ins on
// the PATH of a machine that is a directory; nothing of this machine is touched.

import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFreshMachine, labTools, runTools, testTools, type FreshMachine } from './fresh-machine.ts'

let machine: FreshMachine
beforeEach(() => {
  machine = createFreshMachine()
})
afterEach(() => machine.remove())

const isRoot = process.getuid?.() === 0
const hasSetpriv = existsSync('/usr/bin/setpriv')

test('a machine that lacks only the npm packages and the build gets both', async () => {
  machine.addTools(runTools)
  const { code, stdout, stderr, calls } = await machine.setUp('run')
  expect(code).toBe(0)
  expect(calls).toEqual([
    'npm ci --include=dev --no-audit --no-fund',
    'tsc -p tsconfig.build.json --noEmitOnError',
    'rolldown -c rolldown.config.js --logLevel warn',
  ])
  expect(stderr).toBe('setup: installing the npm packages (npm ci)\nsetup: building (tsc, rolldown)')
  expect(stdout).toBe('')
})

test('with nothing to do it starts no command and says nothing', async () => {
  machine.addTools(testTools)
  await machine.setUp('test')
  const before = (await machine.setUp('check')).calls
  const { code, stderr, calls } = await machine.setUp('test')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(calls).toEqual(before)
})

test('node_modules of another lock file are replaced, whatever their age', async () => {
  machine.addTools(runTools)
  await machine.setUp('run')
  const path = join(machine.directory, 'package-lock.json')
  writeFileSync(path, readFileSync(path, 'utf8').replace('1.0.0', '1.0.1'))
  utimesSync(path, 1, 1)
  const { calls } = await machine.setUp('run')
  expect(calls.filter((call) => call.startsWith('npm'))).toHaveLength(2)
})

test('a package for another platform is not missed', async () => {
  machine.addTools(runTools)
  await machine.setUp('run')
  const path = join(machine.directory, 'package-lock.json')
  const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, unknown> }
  lock.packages['node_modules/a-darwin'] = { version: '1.0.0', integrity: 'sha512-b', optional: true }
  writeFileSync(path, JSON.stringify(lock))
  const { calls, stderr } = await machine.setUp('run')
  expect(stderr).toBe('')
  expect(calls.filter((call) => call.startsWith('npm'))).toHaveLength(1)
})

test('a change of the source, or a deleted file, is built again', async () => {
  machine.addTools(runTools)
  await machine.setUp('run')
  const builds = async (): Promise<number> =>
    (await machine.setUp('run')).calls.filter((call) => call.startsWith('tsc')).length
  const past = new Date(Date.now() - 60_000)
  for (const folder of ['src', 'src/cli', 'src/cli/main.ts']) utimesSync(join(machine.directory, folder), past, past)
  expect(await builds()).toBe(1)
  utimesSync(
    join(machine.directory, 'dist/program/main.js'),
    new Date(Date.now() - 30_000),
    new Date(Date.now() - 30_000),
  )
  expect(await builds()).toBe(1)
  rmSync(join(machine.directory, 'src/cli/main.ts'))
  expect(await builds()).toBe(2)
})

test('source that does not build ends it with 1 and the compiler’s words', async () => {
  machine.addTools(runTools)
  const { code, stderr } = await machine.setUp('run', { FAKE_TSC_FAILS: '1' })
  expect(code).toBe(1)
  expect(stderr).toContain("main.ts(1,1): error TS1005: ';' expected.")
})

test('without a network for npm it says so and ends with 3', async () => {
  machine.addTools(runTools)
  const { code, stderr } = await machine.setUp('run', { FAKE_NPM: 'offline' })
  expect(code).toBe(3)
  expect(stderr).toContain('the npm registry cannot be reached: this machine seems to be offline')
  expect(stderr).toContain('Try: npm ci')
})

test('an npm that refuses the lock file for another platform’s package installs by it all the same', async () => {
  machine.addTools(runTools)
  const { code, stderr, calls } = await machine.setUp('run', { FAKE_NPM: 'refuses-lock' })
  expect(code).toBe(0)
  expect(calls.slice(0, 2)).toEqual([
    'npm ci --include=dev --no-audit --no-fund',
    'npm install --no-save --include=dev --no-audit --no-fund',
  ])
  expect(stderr).toContain('this npm wants every platform in the lock file')
})

test('check changes nothing and names the command for each thing that is missing', async () => {
  machine.addTools(testTools.filter((name) => name !== 'iostat'))
  const { code, stderr, calls } = await machine.setUp('check')
  expect(code).toBe(3)
  expect(calls).toEqual([])
  expect(stderr).toContain('not installed: iostat')
  expect(stderr).toContain('apt-get install -y --no-install-recommends sysstat')
  expect(stderr).toContain('npm ci')
  expect(stderr).toContain('npm run build')
})

test.each([
  ['ID=debian\nVERSION_ID="12"\n', process.arch === 'x64'],
  ['ID=debian\nVERSION_ID="13"\n', false],
  ['ID=ubuntu\nVERSION_ID="24.04"\n', false],
])('what the guest lab needs is missed on Debian 12 only, and by the tests only: %j', async (system, isMissed) => {
  writeFileSync(join(machine.directory, 'os-release'), system)
  machine.addTools(testTools)
  expect((await machine.setUp('check')).stderr.includes(`not installed: ${labTools.join(', ')}`)).toBe(isMissed)
  const { stderr } = await machine.setUp('run')
  expect(stderr).not.toContain('qemu')
})

test('an unknown word is a wrong usage', async () => {
  const { code, stderr, calls } = await machine.setUp('sideways')
  expect({ code, stderr, calls }).toEqual({ code: 2, stderr: 'usage: node bin/setup.js run|test|check', calls: [] })
})

test('where apt-get is not, the system’s own command is named and the rest goes on', async () => {
  machine.without('apt-get')
  machine.addTools([...runTools.filter((name) => name !== 'ip'), 'dnf'])
  const { code, stderr, calls } = await machine.setUp('run')
  expect(code).toBe(0)
  expect(stderr).toContain('dnf install -y iproute')
  expect(calls.map((call) => call.split(' ')[0])).toEqual(['npm', 'tsc', 'rolldown'])
})

test.skipIf(!isRoot)('root gets only the missing packages (needs root)', async () => {
  machine.addTools(runTools.filter((name) => name !== 'iostat' && name !== 'ps'))
  const { code, stderr, calls } = await machine.setUp('run')
  expect(code).toBe(0)
  expect(calls[0]).toMatch(/^apt-get update /)
  expect(calls[1]).toMatch(/^apt-get install -y -q --no-install-recommends .* sysstat procps$/)
  expect(calls.join()).not.toContain('systemctl')
  expect(stderr).toMatch(/^setup: installing iostat, ps \(apt-get\)$/m)
})

test.skipIf(!isRoot)(
  'a keepalived that comes new is silenced before it is there and disabled after (needs root)',
  async () => {
    machine.addTools(runTools.filter((name) => name !== 'keepalived'))
    const { calls } = await machine.setUp('run', { FAKE_DPKG: 'config-files' })
    const order = calls.filter((call) => /systemctl|install/.test(call)).map((call) => call.replace(/ -y .*/, ''))
    expect(order).toEqual([
      'systemctl mask --runtime keepalived.service',
      'apt-get install',
      'systemctl unmask --runtime keepalived.service',
      'systemctl disable --now keepalived.service',
    ])
  },
)

test.skipIf(!isRoot)('a keepalived service that was there is never touched (needs root)', async () => {
  machine.addTools(runTools.filter((name) => name !== 'keepalived'))
  const { calls } = await machine.setUp('run', { FAKE_DPKG: 'installed' })
  expect(calls.filter((call) => call.startsWith('systemctl'))).toEqual([])
})

test.skipIf(!isRoot)('keepalived stays disabled when apt fails half way (needs root)', async () => {
  machine.addTools(runTools.filter((name) => name !== 'keepalived'))
  const { calls } = await machine.setUp('run', { FAKE_APT: 'fail' })
  expect(calls).toContain('systemctl unmask --runtime keepalived.service')
  expect(calls).toContain('systemctl disable --now keepalived.service')
})

test.skipIf(!isRoot)(
  'an interruption in the middle still undoes what was done for keepalived (needs root)',
  async () => {
    machine.addTools(runTools.filter((name) => name !== 'keepalived'))
    const { code, calls } = await machine.setUp('run', { FAKE_APT: 'slow' }, { terminateAt: 'apt-get install' })
    expect(code).toBe(130)
    expect(calls.slice(-2)).toEqual([
      'systemctl unmask --runtime keepalived.service',
      'systemctl disable --now keepalived.service',
    ])
  },
)

test.skipIf(!isRoot)(
  'when apt fails its last words and the one command are shown, and the rest goes on (needs root)',
  async () => {
    machine.addTools(runTools.filter((name) => name !== 'iostat'))
    const { code, stderr, calls } = await machine.setUp('run', { FAKE_APT: 'fail' })
    expect(code).toBe(0)
    expect(stderr).toContain('E: Sub-process /usr/bin/dpkg returned an error code (1)')
    expect(stderr).toContain('still not installed: iostat')
    expect(stderr).toContain('  apt-get update && apt-get install -y --no-install-recommends sysstat')
    expect(calls.at(-1)).toMatch(/^rolldown/)
  },
)

test('any Chromium will do for the test of the page', async () => {
  machine.addTools([...testTools.filter((name) => name !== 'chromium-headless-shell'), 'google-chrome'])
  const { code, calls } = await machine.setUp('test')
  expect(code).toBe(0)
  expect(calls.filter((call) => call.startsWith('apt-get'))).toEqual([])
})

test.skipIf(!isRoot)('without a network for apt it says so (needs root)', async () => {
  machine.addTools(runTools.filter((name) => name !== 'iostat'))
  const { code, stderr } = await machine.setUp('run', { FAKE_APT: 'offline' })
  expect(code).toBe(0)
  expect(stderr).toContain('the package server cannot be reached: this machine seems to be offline')
})

test.skipIf(!isRoot)('a package that this release does not have keeps no other away (needs root)', async () => {
  machine.addTools(testTools.filter((name) => name !== 'sysdig' && name !== 'tmux'))
  const { code, stderr } = await machine.setUp('test', { FAKE_APT: 'lacks-sysdig' })
  expect(code).toBe(0)
  expect(existsSync(join(machine.tools, 'tmux'))).toBe(true)
  expect(stderr).toContain('still not installed: sysdig')
})

test.skipIf(!isRoot)('a lock that another process gives back is waited for (needs root)', async () => {
  machine.addTools(runTools.filter((name) => name !== 'iostat'))
  const { code, stderr } = await machine.setUp('run', { FAKE_APT: 'busy', WHYLATE_APT_WAIT_MS: '3000' })
  expect(code).toBe(0)
  expect(stderr).toContain('another process uses apt; waiting for it, at most 3 s')
  expect(stderr).not.toContain('still not installed')
})

test.skipIf(!isRoot)('a lock that stays is not waited for without end (needs root)', async () => {
  machine.addTools(runTools.filter((name) => name !== 'iostat'))
  const { code, stderr } = await machine.setUp('run', { FAKE_APT: 'locked', WHYLATE_APT_WAIT_MS: '300' })
  expect(code).toBe(0)
  expect(stderr).toContain('another process has kept apt for itself')
  expect(stderr).toContain('still not installed: iostat')
})

test.skipIf(!isRoot || !hasSetpriv)(
  'without root the one command is named and nothing is installed (needs root)',
  async () => {
    machine.addTools(runTools.filter((name) => name !== 'iostat' && name !== 'bpftrace'))
    const { code, stderr, calls } = await machine.setUp('run', {}, { asNobody: true })
    expect(code).toBe(0)
    expect(stderr).toContain('not installed: iostat, bpftrace.')
    expect(stderr).toContain(
      '  sudo apt-get update && sudo apt-get install -y --no-install-recommends sysstat bpftrace',
    )
    expect(calls.map((call) => call.split(' ')[0])).toEqual(['npm', 'tsc', 'rolldown'])
  },
)

test('the Node that it asks for is the one of package.json', async () => {
  const root = resolve(import.meta.dirname, '../..')
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { engines: { node: string } }
  const source = readFileSync(join(root, 'bin/setup/node-version.js'), 'utf8')
  expect(source).toContain(`leastNode = '${engines.node.replace('>=', '')}'`)
})
