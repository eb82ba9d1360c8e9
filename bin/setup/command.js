// Runs a command of the setup and keeps what it said, to be shown only if it fails.

import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

const keptBytes = 64 * 1024

/** The signal that asked us to end. The running command is told, and what must be undone is undone first. */
let interruptedBy
let running
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interruptedBy = signal
    if (running !== undefined) running.kill(signal)
  })
}

export const isInterrupted = () => interruptedBy !== undefined

/** A line of progress. Control characters of what a command said do not reach the terminal. */
export function say(line) {
  // eslint-disable-next-line no-control-regex
  process.stderr.write(`setup: ${line.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ')}\n`)
}

/** Where a program is, also in the sbin beside each bin of PATH, which people who are not root do not have. */
export function programPath(name, path = process.env.PATH ?? '') {
  for (const directory of path.split(':').flatMap((each) => [each, each.replace(/\/bin$/, '/sbin')])) {
    if (directory === '') continue
    try {
      accessSync(join(directory, name), constants.X_OK)
      return join(directory, name)
    } catch {
      // Not here.
    }
  }
  return undefined
}

/**
 * `{ code, output }`: exit code, undefined when it could not run or was killed; the last of what it wrote.
 * `undoes`: it takes back something of ours, and runs even after an interruption.
 */
export async function run(command, args, { env = {}, cwd, timeoutMs, undoes = false } = {}) {
  if (interruptedBy !== undefined && !undoes) return { code: undefined, output: `interrupted by ${interruptedBy}` }
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
  })
  running = child
  let output = ''
  const keep = (chunk) => {
    output = (output + chunk).slice(-keptBytes)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      keep(`${error.message}\n`)
      resolve(undefined)
    })
    child.on('close', (exitCode) => resolve(exitCode ?? undefined))
  })
  running = undefined
  return { code, output }
}

/** Shows what a command said last; with a negative count, what it said first. */
export function quote(output, count = 5) {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  for (const line of count < 0 ? lines.slice(0, -count) : lines.slice(-count)) say(`  ${line.trimEnd()}`)
}

const offlineWords =
  /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ENETUNREACH|Could not resolve|Temporary failure resolving|Network is unreachable|Could not connect|Connection timed out/i

export const isOffline = (output) => offlineWords.test(output)
