// The built program: is dist newer than all of src, and if not, tsc, and rolldown, which joins what tsc made into few files.

import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { quote, run, say } from './command.js'

const changedMs = (path) => statSync(path).mtimeMs

/** Folders count too: a file that was deleted or renamed changes nothing else. */
function newestMs(folder) {
  let newest = changedMs(folder)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    newest = Math.max(newest, entry.isDirectory() ? newestMs(path) : changedMs(path))
  }
  return newest
}

export function isBuilt(root) {
  const source = join(root, 'src')
  // An installed whylate comes built, without its source.
  if (!existsSync(source)) return true
  const main = join(root, 'dist/program/main.js')
  if (!existsSync(main)) return false
  const configs = ['tsconfig.json', 'tsconfig.build.json', 'rolldown.config.js']
    .map((name) => join(root, name))
    .filter((path) => existsSync(path))
  return changedMs(main) >= Math.max(newestMs(source), ...configs.map(changedMs))
}

const steps = [
  // Without --noEmitOnError a failed build would leave a dist that looks finished.
  ['tsc', '-p', 'tsconfig.build.json', '--noEmitOnError'],
  ['rolldown', '-c', 'rolldown.config.js', '--logLevel', 'warn'],
]

/** True when it is built now. */
export async function build(root) {
  say('building (tsc, rolldown)')
  for (const [name, ...args] of steps) {
    const { code, output } = await run(join(root, 'node_modules/.bin', name), args, { cwd: root, timeoutMs: 300_000 })
    if (code === 0) continue
    say('the build failed:')
    quote(output, 10)
    return false
  }
  return true
}
