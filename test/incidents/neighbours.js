// Innocent activity beside a fault: each starts something marked as the pair's, and gives the function that ends it and
// tells what it was. Nothing here touches the sender.

import { spawn } from 'node:child_process'
import { join } from 'node:path'

function start(pair, argv, name) {
  const child = spawn(argv[0], argv.slice(1), { env: pair.environment, stdio: 'ignore' })
  const startAt = pair.now()
  const ended = new Promise((resolve) => child.once('close', resolve))
  return {
    pid: child.pid,
    async end(how, looksLike) {
      child.kill('SIGKILL')
      await ended
      const culprit = { kind: 'process', pid: child.pid, comm: name, name }
      return { startAt, endAt: pair.now(), how, culprit, looksLike }
    },
  }
}

const shell = (pair, script) => start(pair, ['bash', '-c', script], 'bash')

export const neighbours = {
  /** The two processes that are there in every house. */
  async cron(pair) {
    const one = shell(pair, 'while :; do for i in 1 2 3 4; do /bin/true; done; sleep 0.7; done')
    return async () => one.end('a shell that starts four processes every 0.7 s', undefined)
  },
  async disk(pair) {
    const file = join(pair.runDirectory, 'storm')
    const one = shell(
      pair,
      `while :; do dd if=/dev/zero of=${file} bs=256k count=8 conv=fsync 2>/dev/null; sleep 0.2; done`,
    )
    return async () => one.end('dd with fsync, over and over', 'sender-blocked')
  },
  async hog(pair) {
    const one = shell(pair, 'while :; do :; done')
    return async () => one.end('an ordinary busy loop', 'sender-starved')
  },
  /** Somebody else is stopped, at the same time and for about as long. */
  async stopOther(pair) {
    const other = start(pair, ['sleep', '600'], 'sleep')
    const one = shell(pair, `while :; do kill -STOP ${other.pid}; sleep 2.1; kill -CONT ${other.pid}; sleep 1.3; done`)
    return async () => {
      const told = await one.end('SIGSTOP and SIGCONT to a process that sends nothing', undefined)
      await other.end('', undefined)
      return told
    }
  },
  /** The process that watches over the sender, which sends nothing itself. */
  async stopParent(pair) {
    const one = shell(
      pair,
      `while :; do kill -STOP ${pair.sender.parentPid}; sleep 2.1; kill -CONT ${pair.sender.parentPid}; sleep 1.3; done`,
    )
    return async () => {
      const told = await one.end('SIGSTOP and SIGCONT to the parent of the sender', 'sender-stopped')
      process.kill(pair.sender.parentPid, 'SIGCONT')
      return told
    }
  },
  async stopBackup(pair) {
    const one = shell(
      pair,
      `while :; do kill -STOP ${pair.backup.pid}; sleep 1.4; kill -CONT ${pair.backup.pid}; sleep 1.7; done`,
    )
    return async () => {
      const told = await one.end('SIGSTOP and SIGCONT to the BACKUP', 'sender-stopped')
      process.kill(pair.backup.pid, 'SIGCONT')
      return told
    }
  },
}
