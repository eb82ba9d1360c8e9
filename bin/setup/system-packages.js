// The programs that whylate starts, and the package each comes from on Debian and Ubuntu.
//
// What counts is whether the program is there, not whether its package is: somebody may have built a newer one. Only
// what is missing is installed, only by root, and a keepalived that comes with it must not begin to speak: its service
// is masked while apt works and disabled afterwards. One that was there before is left as it was.

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isInterrupted, isOffline, programPath, quote, run, say } from './command.js'

/** [program, Debian package, other programs that do as well] */
const programs = {
  run: [
    ['tcpdump', 'tcpdump'],
    ['iostat', 'sysstat'],
    ['keepalived', 'keepalived'],
    ['ip', 'iproute2'],
    ['bpftrace', 'bpftrace'],
    ['ps', 'procps'],
    ['nsenter', 'util-linux'],
  ],
  test: [
    ['sysdig', 'sysdig'],
    ['tmux', 'tmux'],
    ['python3', 'python3'],
    ['nft', 'nftables'],
    // 64 MB to fetch where Debian's chromium has 113.
    ['chromium-headless-shell', 'chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'],
  ],
  // The guest of test/lab, which is made of Debian 12's own packages: its kernel, and its sysdig's module for that.
  lab: [
    ['qemu-system-x86_64', 'qemu-system-x86'],
    ['busybox', 'busybox-static'],
    ['gcc-12', 'gcc-12'],
    ['make', 'make'],
  ],
}

/** Elsewhere there is no such kernel to be had, and the tests that need a guest are skipped by name. */
function hasLab() {
  try {
    const system = readFileSync(process.env.WHYLATE_OS_RELEASE ?? '/etc/os-release', 'utf8')
    return process.arch === 'x64' && /^ID=debian$/m.test(system) && /^VERSION_ID="?12"?$/m.test(system)
  } catch {
    return false
  }
}

/** How others install; where a package is called otherwise, by its Debian name. */
const otherSystems = [
  {
    program: 'dnf',
    line: 'dnf install -y',
    names: { iproute2: 'iproute', procps: 'procps-ng', 'chromium-headless-shell': 'chromium-headless' },
  },
  { program: 'zypper', line: 'zypper install -y', names: { 'chromium-headless-shell': 'chromium' } },
  {
    program: 'pacman',
    line: 'pacman -S --needed',
    names: { procps: 'procps-ng', python3: 'python', 'chromium-headless-shell': 'chromium' },
  },
  { program: 'apk', line: 'apk add', names: { procps: 'procps-ng', 'chromium-headless-shell': 'chromium' } },
]

export function missingPrograms(mode) {
  const wanted = mode === 'run' ? programs.run : [...programs.run, ...programs.test, ...(hasLab() ? programs.lab : [])]
  return wanted.filter(([program, , ...others]) =>
    [program, ...others].every((name) => programPath(name) === undefined),
  )
}

const namesOf = (missing) => missing.map(([program]) => program).join(', ')
const packagesOf = (missing) => missing.map(([, name]) => name)
const isRoot = () => process.getuid !== undefined && process.getuid() === 0

/** The one command that installs them here. */
export function installLine(missing) {
  const sudo = isRoot() ? '' : 'sudo '
  if (programPath('apt-get') !== undefined) {
    const packages = packagesOf(missing).join(' ')
    return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${packages}`
  }
  for (const { program, line, names } of otherSystems) {
    if (programPath(program) === undefined) continue
    return `${sudo}${line} ${packagesOf(missing)
      .map((name) => names[name] ?? name)
      .join(' ')}`
  }
  return `install with the means of your system: ${packagesOf(missing).join(' ')}`
}

const lockWords = /Could not get lock|Unable to (?:acquire|lock)|is another process using it/i
const lockWaitMs = Number(process.env.WHYLATE_APT_WAIT_MS ?? 120_000)
const environment = {
  DEBIAN_FRONTEND: 'noninteractive',
  // needrestart of Ubuntu would restart services of this host.
  NEEDRESTART_SUSPEND: '1',
  LC_ALL: 'C',
}
const quickly = ['-o', 'Acquire::http::Timeout=20', '-o', 'Acquire::https::Timeout=20', '-o', 'Acquire::Retries=1']
const keepFiles = ['-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold']

/** apt-get, again and again while another process has its lock. */
async function apt(args, timeoutMs) {
  const deadline = performance.now() + lockWaitMs
  let isWaiting = false
  for (;;) {
    const result = await run('apt-get', args, { env: environment, timeoutMs })
    const isLocked = result.code !== 0 && lockWords.test(result.output)
    if (!isLocked) return { ...result, isLocked: false }
    if (performance.now() > deadline || isInterrupted()) return { ...result, isLocked: true }
    if (!isWaiting) say(`another process uses apt; waiting for it, at most ${Math.round(lockWaitMs / 1000)} s`)
    isWaiting = true
    await sleep(Math.min(2000, lockWaitMs / 10))
  }
}

/** Runs `action` such that a keepalived which it installs stays silent. */
async function withSilentKeepalived(missing, action) {
  const isComing = packagesOf(missing).includes('keepalived')
  if (!isComing || programPath('systemctl') === undefined) return action()
  const state = await run('dpkg-query', ['-W', '-f', '${db:Status-Status}', 'keepalived'])
  if (state.code === 0 && state.output.trim() === 'installed') return action()
  // In /run: should we be killed here, the next boot forgets it.
  await run('systemctl', ['mask', '--runtime', 'keepalived.service'], { timeoutMs: 30_000 })
  try {
    return await action()
  } finally {
    const undo = { timeoutMs: 30_000, undoes: true }
    await run('systemctl', ['unmask', '--runtime', 'keepalived.service'], undo)
    await run('systemctl', ['disable', '--now', 'keepalived.service'], undo)
  }
}

const install = async (packages) =>
  apt(['install', '-y', '-q', '--no-install-recommends', ...quickly, ...keepFiles, ...packages], 900_000)

async function aptInstall(missing) {
  const update = await apt(['update', '-q', ...quickly], 180_000)
  if (update.isLocked || isInterrupted()) return update
  const together = await install(packagesOf(missing))
  if (together.code === 0 || together.isLocked || missing.length === 1) {
    return { ...together, output: update.output + together.output }
  }
  if (isOffline(update.output + together.output)) return { ...together, output: update.output + together.output }
  // One that this release does not have must not keep the others away.
  let output = ''
  for (const name of packagesOf(missing)) {
    const alone = await install([name])
    if (alone.code !== 0) output += alone.output
  }
  return { code: output === '' ? 0 : 1, output, isLocked: false }
}

/** Installs what can be installed, and says what cannot and how it could. */
export async function installPrograms(mode) {
  const missing = missingPrograms(mode)
  if (missing.length === 0) return
  if (programPath('apt-get') === undefined || !isRoot()) {
    say(`not installed: ${namesOf(missing)}. What needs them stays out until somebody runs:`)
    say(`  ${installLine(missing)}`)
    return
  }
  say(`installing ${namesOf(missing)} (apt-get)`)
  const result = await withSilentKeepalived(missing, async () => aptInstall(missing))
  const left = missingPrograms(mode)
  if (left.length === 0) return
  if (result.isLocked) say(`another process has kept apt for itself for ${Math.round(lockWaitMs / 1000)} s.`)
  else if (isOffline(result.output)) say('the package server cannot be reached: this machine seems to be offline.')
  else say('apt-get failed:')
  quote(result.output)
  say(`still not installed: ${namesOf(left)}. What needs them stays out until somebody runs:`)
  say(`  ${installLine(left)}`)
}
