#!/usr/bin/env node
// Sets up a fresh machine for `npm start` and `npm test`: what is missing is installed and built, what is there is left.
//
//   node bin/setup.js run     what `npm start` needs
//   node bin/setup.js test    what `npm test` needs as well
//   node bin/setup.js check   changes nothing, says what is missing
//
// Exit codes: 0 done (a missing program is said, not fatal: the rest works without it), 1 the source does not build,
// 2 wrong usage, 3 Node is too old or the npm packages cannot be had (check: something is missing). Silent when there is
// nothing to do. No packages here, only Node's own modules: this runs before there are any.

import { fileURLToPath } from 'node:url'
import { nodeComplaint } from './setup/node-version.js'

const root = fileURLToPath(new URL('..', import.meta.url))

async function setUp(mode) {
  const { isInterrupted } = await import('./setup/command.js')
  const { areNpmPackagesThere, installNpmPackages } = await import('./setup/npm-packages.js')
  const { installPrograms } = await import('./setup/system-packages.js')
  const { build, isBuilt } = await import('./setup/build.js')
  await installPrograms(mode)
  if (isInterrupted()) return 130
  if (!areNpmPackagesThere(root) && !(await installNpmPackages(root))) return 3
  if (!isBuilt(root) && !(await build(root))) return 1
  return isInterrupted() ? 130 : 0
}

async function check() {
  const { say } = await import('./setup/command.js')
  const { areNpmPackagesThere } = await import('./setup/npm-packages.js')
  const { installLine, missingPrograms } = await import('./setup/system-packages.js')
  const { isBuilt } = await import('./setup/build.js')
  const missing = missingPrograms('test')
  const hasPackages = areNpmPackagesThere(root)
  const hasBuild = isBuilt(root)
  if (missing.length > 0) {
    say(`not installed: ${missing.map(([program]) => program).join(', ')}`)
    say(`  ${installLine(missing)}`)
  }
  if (!hasPackages) say('the npm packages are not those of the lock file: npm ci')
  if (!hasBuild) say('not built, or older than its source: npm run build')
  return missing.length === 0 && hasPackages && hasBuild ? 0 : 3
}

async function main(mode) {
  const complaint = nodeComplaint()
  if (complaint !== undefined) {
    process.stderr.write(`setup: ${complaint.message}\n  ${complaint.remedy}\n`)
    return 3
  }
  switch (mode) {
    case 'run':
    case 'test':
      return setUp(mode)
    case 'check':
      return check()
    default:
      process.stderr.write('usage: node bin/setup.js run|test|check\n')
      return 2
  }
}

void main(process.argv[2]).then((code) => {
  process.exitCode = code
  return code
})
