// Innocent activity beside a fault: each starts something marked as the pair's, and gives the function that ends it and
// tells what it was. Nothing here touches the sender.

import { spawn } from 'node:child_process'
import { basename, join } from 'node:path'
import { freezeFileOf } from '../../dist/drill/cgroup-mount.js'
import { openCgroup } from '../../dist/drill/cgroup.js'

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
  /** A tracer that comes and goes, as strace does on somebody else's process. */
  async traceOther(pair) {
    const other = start(pair, ['sleep', '600'], 'sleep')
    const script = `my ($pid, $ptrace) = @ARGV; while (1) {
      syscall $ptrace, 0x4206, $pid + 0, 0, 0; syscall $ptrace, 0x4207, $pid + 0, 0, 0; waitpid $pid, 0x40000000;
      select undef, undef, undef, 1.3; syscall $ptrace, 17, $pid + 0, 0, 0; select undef, undef, undef, 0.9 }`
    const one = start(pair, ['perl', '-e', script, String(other.pid), '101'], 'perl')
    return async () => {
      const told = await one.end('a tracer of a process that sends nothing', 'sender-stopped')
      await other.end('', undefined)
      return told
    }
  },
  async freezeOther(pair) {
    const cgroup = await openCgroup(`${pair.mark}-other`, 'freezer')
    const other = start(pair, ['sleep', '600'], 'sleep')
    await cgroup.add(other.pid)
    const { path, freeze, thaw } = freezeFileOf(cgroup, cgroup.directory)
    const one = shell(pair, `while :; do echo ${freeze} > ${path}; sleep 1.7; echo ${thaw} > ${path}; sleep 1.1; done`)
    return async () => {
      const told = await one.end("another cgroup's freezer", undefined)
      await cgroup.write(basename(path), thaw)
      await other.end('', undefined)
      await cgroup.close()
      return told
    }
  },
  async throttleOther(pair) {
    const cgroup = await openCgroup(`${pair.mark}-other`, 'cpu')
    const one = shell(pair, 'while :; do :; done')
    await cgroup.add(one.pid)
    if (cgroup.version === 1) await cgroup.write('cpu.cfs_quota_us', '5000')
    else await cgroup.write('cpu.max', '5000 100000')
    return async () => {
      const told = await one.end('a busy loop in a throttled cgroup of its own', undefined)
      await cgroup.close()
      return told
    }
  },
  /** A log daemon that nobody reads, and one who waits for it. */
  async otherLog(pair) {
    const path = join(pair.runDirectory, 'other-log')
    const reader = `use Socket; $0 = 'otherlogd'; socket my $s, PF_UNIX, SOCK_DGRAM, 0; bind $s, sockaddr_un($ARGV[0]); sleep 600`
    const writer = `use Socket; sleep 1; socket my $s, PF_UNIX, SOCK_DGRAM, 0; connect $s, sockaddr_un($ARGV[0]); send $s, 'x', 0 while 1`
    const other = start(pair, ['perl', '-e', reader, path], 'otherlogd')
    const one = start(pair, ['perl', '-e', writer, path], 'perl')
    return async () => {
      await one.end('', undefined)
      return other.end('a log daemon that does not read, and a writer that waits for it', undefined)
    }
  },
}
