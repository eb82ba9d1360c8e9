// A log daemon for the sender alone: it reads a /dev/log as rsyslogd does, and forgets what it reads. A syslog call waits
// when the queue of this socket is full, so whoever stops the reader stops the writer a few messages later.
//
// Node has no datagram sockets of the unix kind; perl-base, which is on every Debian, does.

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { access } from 'node:fs/promises'
import { execa } from 'execa'
import { Fault } from '../capture/fault.ts'
import { environmentOf, missingFault, runCommand } from './command.ts'
import { partPath } from './sender-extras.ts'

export interface Logger {
  readonly pid: number
  readonly comm: string
  readonly path: string
}

const comm = 'syslogd'
/** Messages that the kernel keeps for a reader; counted per namespace, 10 to begin with. */
const queueLength = 3

// Its name goes through /proc: an assignment to $0 would write over its environment too, and with it over its mark.
const reader = `
use Socket; open my $c, '>', '/proc/self/comm'; print $c '${comm}'; close $c; socket my $s, PF_UNIX, SOCK_DGRAM, 0 or die "socket: $!";
bind $s, sockaddr_un($ARGV[0]) or die "bind: $!"; recv $s, my $text, 4096, 0 while 1;
`

/** In the sender's namespace, so that the queue is as short as that one says. Ends with the drill. */
export async function openLogger(mark: string, runDirectory: string, namespace: string): Promise<Logger> {
  const path = join(runDirectory, partPath.log)
  const shorten = `echo ${queueLength} > /proc/sys/net/unix/max_dgram_qlen`
  await runCommand(mark, 'ip', ['netns', 'exec', namespace, 'sh', '-c', shorten])
  const child = execa('ip', ['netns', 'exec', namespace, 'perl', '-e', reader, path], {
    env: environmentOf(mark),
    extendEnv: false,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
    reject: false,
    buffer: false,
  })
  let ending: string | undefined
  void child.then((result) => (ending = result.code ?? `exit code ${result.exitCode}`))
  for (let tries = 0; tries < 200 && ending === undefined; tries++) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    )
    if (isThere && child.pid !== undefined) return { pid: child.pid, comm, path }
    await sleep(10)
  }
  if (ending === 'ENOENT') throw missingFault('perl')
  throw new Fault(
    `The drill's own log daemon did not start (${ending ?? 'no socket after 2 s'}).`,
    'apt-get install perl-base',
  )
}
