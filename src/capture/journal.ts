// journalctl: keepalived's lines from the journal, as JSON, from now on. Its clock is the wall clock, in microseconds.
//
//   {"__REALTIME_TIMESTAMP":"1795350522934951","SYSLOG_IDENTIFIER":"Keepalived_vrrp","MESSAGE":"A thread timer …"}
//
// Quirk (systemd 252): without any journal it says so on stderr, and waits for one to come.

import { patient, refusalOf, type KnownRefusal, type StderrMeaning, type ToolSpec } from './tool-spec.ts'

/** What stands for a path. */
export const journalName = 'journal'

export const journalIdentifiers = ['Keepalived', 'Keepalived_vrrp', 'Keepalived_healthcheckers', 'keepalived']
export const journalFields = 'MESSAGE,SYSLOG_IDENTIFIER,_SOURCE_REALTIME_TIMESTAMP'

const refusals: readonly KnownRefusal[] = [
  {
    pattern: /No journal files were (?:found|opened)/,
    reason: 'this host keeps no journal, or it may not be read',
    remedy: 'give the file that keepalived’s lines go to with --log PATH, or run as root',
  },
]

export function readJournalStderr(line: string): StderrMeaning {
  return refusalOf(line, refusals) ?? { kind: 'said' }
}

export function journalSpec(path: string): ToolSpec {
  const chosen = journalIdentifiers.flatMap((one) => ['-t', one])
  return {
    probe: 'log',
    part: '',
    tool: 'journalctl',
    version: '',
    detail: 'keepalived’s lines in the journal',
    argv: [path, '--follow', '--lines=0', '--output=json', `--output-fields=${journalFields}`, '--no-pager', ...chosen],
    env: { LC_ALL: 'C' },
    killAfterMs: 1000,
    restart: patient,
    silence: undefined,
    startsQuietlyAfterMs: 1000,
    poke: undefined,
    waitsFor: undefined,
    readStderr: readJournalStderr,
  }
}
