// Runs one short command for a drill: marked as ours, and with a sentence instead of a stack when it fails.

import { execa } from 'execa'
import { Fault } from '../capture/fault.ts'
import { markVariable } from './mark.ts'

/** All the environment that a child of a drill has. */
export function environmentOf(mark: string): Readonly<Record<string, string>> {
  return { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', [markVariable]: mark }
}

const packageOf: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  keepalived: 'keepalived',
  bash: 'bash',
  perl: 'perl-base',
}

export function missingFault(command: string): Fault {
  const name = packageOf[command] ?? command
  return new Fault(`A drill needs ${command}, which is not installed.`, `apt-get install ${name}`)
}

/** `input`: what it reads on stdin. Its stdout is the answer. */
export async function runCommand(
  mark: string,
  command: string,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const result = await execa(command, [...args], {
    env: environmentOf(mark),
    extendEnv: false,
    reject: false,
    timeout: 20_000,
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
  })
  if (result.code === 'ENOENT') throw missingFault(command)
  if (result.failed) throw new Fault(faultText(command, args, result.stderr), remedyOf(result.stderr))
  return result.stdout
}

function faultText(command: string, args: readonly string[], stderr: string): string {
  const said = stderr.trim().split('\n').slice(0, 3).join(' ')
  return `${command} ${args.join(' ')} failed: ${said === '' ? 'it gave no reason' : said}`
}

function remedyOf(stderr: string): string {
  if (/not permitted|denied/i.test(stderr)) {
    return 'Run it as root on the host, or in a container with --privileged: it makes network namespaces.'
  }
  if (/not supported|Unknown device type/i.test(stderr)) {
    return 'The kernel needs its bridge and veth modules: modprobe bridge veth'
  }
  return 'Run the same line by hand to see what it objects to.'
}
