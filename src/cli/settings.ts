// From what was typed to what a live session is started with.

import { Fault } from '../capture/fault.ts'
import { isInGuest, parseGuestCommands } from '../capture/guest-command.ts'
import type { LiveSettings } from '../session/live.ts'
import { spanOf } from '../time/instant.ts'
import type { LiveOptions } from './live-options.ts'

export function settingsOf(options: LiveOptions): LiveSettings {
  if (options.filter !== undefined && options.interval === undefined) {
    throw new Fault(
      '--filter watches another heartbeat than VRRP, and nothing in it says how often one is due.',
      'Give its period with --interval, for example --interval 1000.',
      2,
    )
  }
  const paths: Record<string, string> = {}
  if (options.sysdig !== undefined) paths['sysdig'] = options.sysdig
  if (options.tcpdump !== undefined) paths['tcpdump'] = options.tcpdump
  if (options.bpftrace !== undefined) paths['bpftrace'] = options.bpftrace
  if (typeof options.iostat === 'string') paths['iostat'] = options.iostat
  return {
    interfaces: options.interface,
    netns: options.netns,
    filter: options.filter,
    engine: options.engine,
    hasIostat: options.iostat !== false,
    paths,
    logs: options.log.filter((one) => !isInGuest(one)),
    guestLogs: parseGuestCommands(options.log.filter(isInGuest), '--log'),
    guests: parseGuestCommands(options.guest),
    vrid: options.vrid,
    interval: options.interval === undefined ? undefined : spanOf(options.interval),
    late: options.late,
    budgetBytes: options.budget,
  }
}
