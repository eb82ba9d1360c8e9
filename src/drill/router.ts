// One keepalived of the drill, in its namespace: how it is started, which of its processes sends, how it ends.
//
// keepalived 2.2.7 forks: the process that we start watches over a VRRP child, and the child is the sender. Flags:
// -n stay in the foreground, -l log to stdout, -G and not to syslog (a drill is no event of the host; a sender with a log
// socket of its own does both), -D in detail, -P VRRP only. Its log goes straight to a file: through a pipe a busy reader would make the adverts late.

import { closeSync, openSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { Fault } from '../capture/fault.ts'
import { environmentOf, missingFault } from './command.ts'
import { formatKeepalivedConf, type InstanceSettings } from './keepalived-conf.ts'
import { killMarked } from './mark.ts'
import type { Preparation } from './sender-extras.ts'

export type RouterState = 'INIT' | 'BACKUP' | 'MASTER' | 'FAULT'

export interface Router {
  /** `lb01`, `lb02`, and from `lb03` on the foreign ones. */
  readonly part: string
  readonly namespace: string
  /** Where its adverts come from. */
  readonly address: string
  /** The VRRP child, which sends; as it was at the start. */
  readonly pid: number
  /** The process that watches over it. */
  readonly parentPid: number
  readonly logPath: string
  readonly conf: InstanceSettings
  /** The VRRP child as it is now: keepalived starts another one when it dies. */
  readPid(): Promise<number>
  /** By the last transition in its log. */
  readState(): Promise<RouterState>
  /** Gives it another configuration, by a reload (SIGHUP). */
  reconfigure(other: InstanceSettings): Promise<void>
  /** How it ended, whoever ended it; stays pending while it runs. */
  readonly ended: Promise<string>
  /** Kills both processes and waits for the one that is our child. */
  kill(): Promise<void>
}

export interface RouterPlace {
  readonly mark: string
  readonly runDirectory: string
  readonly part: string
  readonly namespace: string
  readonly address: string
}

const startTimeoutMs = 5000

async function readPidFile(path: string): Promise<number | undefined> {
  const pid = Number(await readFile(path, 'utf8').catch(() => ''))
  return Number.isInteger(pid) && pid > 0 ? pid : undefined
}

/** The state that the log's last transition names; INIT before the first. */
export function parseState(log: string): RouterState {
  const last = [...log.matchAll(/Entering (?<state>BACKUP|MASTER|FAULT) STATE/g)].at(-1)?.groups?.['state']
  return (last as RouterState | undefined) ?? 'INIT'
}

function commandOf(prepared: Preparation | undefined): readonly string[] {
  if (prepared === undefined) return ['keepalived']
  const { shell, keepalived } = prepared
  return shell === '' ? [keepalived] : ['sh', '-c', `${shell} && exec "$0" "$@"`, keepalived]
}

function enter(
  prepared: Preparation | undefined,
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  if (prepared?.cgroupFile === undefined) return command
  return ['sh', '-c', 'echo $$ > "$0" && exec "$@"', prepared.cgroupFile, ...command]
}

/** `prepared`: what is run in its namespaces in front of it. */
export async function openRouter(place: RouterPlace, conf: InstanceSettings, prepared?: Preparation): Promise<Router> {
  const pathOf = (extension: string): string => join(place.runDirectory, `${place.part}${extension}`)
  await writeFile(pathOf('.conf'), formatKeepalivedConf(conf), { mode: 0o600 })
  const quiet = prepared?.logsToSyslog === true ? [] : ['-G']
  const flags = [
    '-n',
    '-l',
    ...quiet,
    '-D',
    '-P',
    '-f',
    pathOf('.conf'),
    '-p',
    pathOf('.pid'),
    '-r',
    pathOf('-vrrp.pid'),
  ]
  // execa passes on any descriptor; its types only list the first ones.
  const log = openSync(pathOf('.log'), 'a', 0o600) as 3
  const [file, ...args] = enter(prepared, ['ip', 'netns', 'exec', place.namespace, ...commandOf(prepared), ...flags])
  const child = execa(file, args, {
    env: { ...environmentOf(place.mark), ...prepared?.environment },
    extendEnv: false,
    stdin: 'ignore',
    stdout: log,
    stderr: log,
    reject: false,
    buffer: false,
  })
  closeSync(log)
  const life: { ending: string | undefined } = { ending: undefined }
  const ended = child.then((result) => {
    life.ending = result.code ?? result.signal ?? `exit code ${result.exitCode}`
    return life.ending
  })

  const deadline = performance.now() + startTimeoutMs
  let pid: number | undefined
  while (life.ending === undefined && performance.now() < deadline) {
    pid = await readPidFile(pathOf('-vrrp.pid'))
    if (pid !== undefined) break
    await sleep(5)
  }
  const parentPid = child.pid
  if (pid === undefined || parentPid === undefined) {
    if (life.ending === 'ENOENT') throw missingFault('ip')
    const said = (await readFile(pathOf('.log'), 'utf8').catch(() => '')).trim()
    if (/keepalived.*No such file/.test(said)) throw missingFault('keepalived')
    child.kill('SIGKILL')
    throw new Fault(
      `keepalived of ${place.part} did not start (${life.ending ?? 'no VRRP child after 5 s'}): ${said.split('\n').at(-1) ?? ''}`,
      'Read its words above; the drill needs keepalived 2.0.8 or later.',
    )
  }
  return {
    ...place,
    pid,
    parentPid,
    logPath: pathOf('.log'),
    conf,
    ended,
    readPid: async () => (await readPidFile(pathOf('-vrrp.pid'))) ?? pid,
    readState: async () => parseState(await readFile(pathOf('.log'), 'utf8')),
    async reconfigure(other) {
      await writeFile(pathOf('.conf'), formatKeepalivedConf(other), { mode: 0o600 })
      process.kill(parentPid, 'SIGHUP')
    },
    async kill() {
      if (life.ending !== undefined) return
      const vrrp = (await readPidFile(pathOf('-vrrp.pid'))) ?? pid
      await killMarked([parentPid, vrrp], place.mark)
      await ended
    },
  }
}
