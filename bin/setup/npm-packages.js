// The npm packages: is node_modules what the lock file says, and if not, `npm ci`.
//
// npm writes node_modules/.package-lock.json last. Times do not tell (a checkout makes every file new), so the two are
// compared; that takes a few milliseconds. Packages for other platforms are optional, and their absence is right.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isOffline, quote, run, say } from './command.js'

function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages ?? {}
  } catch {
    return undefined
  }
}

export function areNpmPackagesThere(root) {
  const wanted = packagesOf(join(root, 'package-lock.json'))
  // An installed whylate has no lock file: npm saw to its packages.
  if (wanted === undefined) return true
  const present = packagesOf(join(root, 'node_modules/.package-lock.json'))
  if (present === undefined) return false
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    const found = present[path]
    if (path === '' || (found === undefined && optional === true)) return true
    return found !== undefined && found.version === version && found.integrity === integrity
  })
}

const npm = async (root, ...args) =>
  run('npm', [...args, '--include=dev', '--no-audit', '--no-fund'], { cwd: root, timeoutMs: 600_000 })

/**
 * npm 11 refuses a lock file that lacks an optional package of another platform, and leaves such packages out itself when
 * the registry has not got them (npm/cli issues 8669 and 9342): EUSAGE. `npm install --no-save` takes the same versions
 * from the same lock file, does not insist, and does not write to it.
 */
const isLockRefused = (output) => output.includes('EUSAGE')

/** True when they are there now. Development packages too: the program is built here. */
export async function installNpmPackages(root) {
  say('installing the npm packages (npm ci)')
  let { code, output } = await npm(root, 'ci')
  if (code !== 0 && isLockRefused(output)) {
    say('this npm wants every platform in the lock file; taking what it has (npm install --no-save)')
    ;({ code, output } = await npm(root, 'install', '--no-save'))
  }
  if (code === 0) return true
  say(isOffline(output) ? 'the npm registry cannot be reached: this machine seems to be offline.' : 'npm failed:')
  const isOfUse = (line) => !/^npm (?:warn|notice)|^npm error\s*$/.test(line)
  quote(output.split('\n').filter(isOfUse).join('\n'), -6)
  say('without its packages whylate cannot be built. Try: npm ci')
  return false
}
