// What keepalived means by a line: its texts, from its source (1.2.7 to 2.4.3), by what they say about lateness.

import type { LogKind, LogLine } from '../../events/log.ts'
import { spanOf } from '../../time/instant.ts'

export type Message = Pick<LogLine, 'kind' | 'expired' | 'rival'>

const expired = /^A thread timer expired (?<seconds>\d{1,9})\.(?<micros>\d{6}) seconds ago$/
/** 1.2: `VRRP_Instance(VI_1) Received lower prio advert, forcing new election`, without numbers. */
const lower =
  /Received advert from (?<source>[0-9a-fA-F:.]{2,45}) with lower priority (?<theirs>\d{1,3}), ours (?<ours>\d{1,3}), forcing new election$/

const kinds: readonly (readonly [RegExp, LogKind])[] = [
  [/^VRRP thread timer expired/, 'timer-expired'],
  [/Received lower prio advert, forcing new election$/, 'lower-priority'],
  [
    /Master received advert from \S{1,45} with higher priority|Received (?:advert with )?higher prio/,
    'higher-priority',
  ],
  [/Receive advertisement timeout$|Transition to MASTER STATE$/, 'down-timeout'],
  [/Entering (?:MASTER|BACKUP|FAULT) STATE/, 'state'],
  [/invalid passwd|bogus VRRP packet received|associated with VRID|advertisement interval mismatch/, 'foreign'],
  [/authentication (?:clock skew|type mismatch|failure)|stale authentication trailer/, 'foreign'],
  [/[Ss]end advert error|Cant send advert to/, 'send-error'],
  [/sent 0 priority|received priority 0 advertisement|^Stopping|^Starting (?:VRRP|Keepalived)|^Reloading$/, 'planned'],
  [/Changing effective priority from|^VRRP_Script\(.{1,255}\) (?:failed|succeeded|timed[ _]out)/, 'planned'],
  [/child process\(\d+\) died: Respawning|exited due to signal|has used too much CPU time/, 'planned'],
  [/already running, expect idle - skipping run|being timed out|failed to terminate after kill/, 'slow'],
  [/AgentX master agent failed to respond/, 'slow'],
]

/** undefined for what says nothing about lateness: most lines. */
export function parseMessage(text: string): Message | undefined {
  const late = expired.exec(text)?.groups
  if (late !== undefined) {
    const ns = Number(late['seconds']) * 1e9 + Number(late['micros']) * 1e3
    return { kind: 'timer-expired', expired: spanOf(ns), rival: undefined }
  }
  const rival = lower.exec(text)?.groups
  if (rival !== undefined) {
    const [theirs, ours] = [Number(rival['theirs']), Number(rival['ours'])]
    return { kind: 'lower-priority', expired: undefined, rival: { source: rival['source'] ?? '', theirs, ours } }
  }
  const kind = kinds.find(([pattern]) => pattern.test(text))?.[1]
  return kind === undefined ? undefined : { kind, expired: undefined, rival: undefined }
}
