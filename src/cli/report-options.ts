// The options of `whylate report`, from text to values. A wrong one is a sentence and exit code 2.

import { InvalidArgumentError, Option, type Command } from 'commander'
import type { ImportFiles, NamedFile } from '../session/import/import-sources.ts'
import type { Span } from '../time/instant.ts'
import { parseDuration } from './duration.ts'

export const reportFormats = ['text', 'md', 'json', 'html'] as const
export type ReportFormat = (typeof reportFormats)[number]

export interface FileOptions {
  readonly pcap: readonly NamedFile[]
  readonly scap: readonly NamedFile[]
  readonly sysdig: readonly string[]
  readonly iostat?: string
  readonly host?: string
  readonly log: readonly string[]
}

export const filesOf = (options: FileOptions): ImportFiles => ({
  pcaps: options.pcap,
  scaps: options.scap,
  sysdig: options.sysdig,
  iostat: options.iostat,
  host: options.host,
  logs: options.log,
})

export interface ReportOptions extends FileOptions {
  readonly format: ReportFormat
  readonly flow?: string
  readonly since?: string
  readonly until?: string
  readonly vrid?: number
  readonly interval?: Span
  readonly late?: Span
  readonly budget: number
  readonly quiet?: boolean
}

/** How --sysdig wants its text; import --help and report --help show it. */
export const sysdigTextHelp = `--sysdig takes text made with (older and newer sysdig alike; scap is safer, since a process name can break text):
  sysdig -r FILE -p '*%evt.num\\t%evt.rawtime\\t%evt.cpu\\t%thread.tid\\t%proc.pid\\t%proc.name\\t%evt.dir\\t%evt.type\\t%evt.latency\\t%fd.name\\t%evt.res\\t%evt.rawres\\t%evt.args'`

export const reportHelp = `
Example: whylate report --pcap tap.pcap --scap host.scap.gz --iostat iostat.json --host host.ndjson --format html > report.html

All files are of the same time, plain or gzip. What is missing is said in the report, and makes its verdicts less sure.
${sysdigTextHelp}

Cost to the host: one core while it reads, at most --budget of memory for events; no root, no probe, nothing is changed.

Exit codes: 0 done, nothing late; 10 something was late; 2 wrong usage, or a file that is something else; 4 a bundle is
damaged or of an unknown version; 1 a defect of whylate.`

const wrong = (message: string): never => {
  throw new InvalidArgumentError(message)
}

/** `NAME=F`. A path with `=` in it is given as `./a=b.pcap`, or with a name of its own. */
const namedFile = (text: string, before: readonly NamedFile[]): readonly NamedFile[] => {
  const match = /^(?<name>[^=/\s]{1,64})=(?<path>.+)$/s.exec(text)?.groups
  const one = match === undefined ? { name: undefined, path: text } : { name: match['name'], path: match['path'] ?? '' }
  return one.path === '' ? wrong('Give the path of a file.') : [...before, one]
}

const another = (text: string, before: readonly string[]): readonly string[] => [...before, text]

const lengthInMs = (text: string): Span =>
  parseDuration(text, 'ms') ?? wrong('Give a length of time such as 200ms, 30s or 10m.')

const vridOf = (text: string): number =>
  /^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= 255
    ? Number(text)
    : wrong('A VRID is a number from 1 to 255.')

const mebibytes = (text: string): number =>
  /^\d{1,6}$/.test(text) && Number(text) >= 16
    ? Number(text) * 1024 * 1024
    : wrong('Give a number of MiB, at least 16.')

/** The files that others captured; the same for report and import. */
export function addFileOptions(command: Command): Command {
  // Commander would print the empty list as it is.
  const several = (flags: string, description: string): Option => new Option(flags, description).default([], 'none')
  return command
    .addOption(
      several(
        '--pcap <[name=]file>',
        'a packet capture, pcap or pcapng; repeatable, NAME=FILE names a vantage point',
      ).argParser(namedFile),
    )
    .addOption(
      several(
        '--scap <[name=]file>',
        'a sysdig capture of the same time, of the host or a guest; repeatable, NAME=FILE',
      ).argParser(namedFile),
    )
    .addOption(several('--sysdig <file>', "sysdig's text by the fields below; repeatable").argParser(another))
    .option('--iostat <file>', "iostat's JSON, or its tables with stamps")
    .option('--host <file>', 'samples of the host (host.ndjson)')
    .addOption(
      several(
        '--log <file>',
        "keepalived's log (console, syslog, journalctl), or what tcpdump said at its end; repeatable",
      ).argParser(another),
    )
}

export function addReportOptions(command: Command): Command {
  return addFileOptions(command)
    .addOption(new Option('--format <name>', 'form of the report').choices(reportFormats).default('text'))
    .option('--flow <text>', 'only this flow: its VRID, source, link or id')
    .option('--since <time>', 'only late adverts from here on: 2026-11-22T12:03:20Z, 12:03:20, or +90s from the start')
    .option('--until <time>', 'only late adverts up to here')
    .option('--vrid <n>', 'read only adverts of this virtual router', vridOf)
    .option('--interval <ms>', 'the advert interval, instead of the advertised one', lengthInMs)
    .option('--late <ms>', 'late from here on (default: 50 ms or 8 times the usual scatter)', lengthInMs)
    .addOption(new Option('--budget <MiB>', 'memory for events').argParser(mebibytes).default(512 * 1024 * 1024, '512'))
    .option('-q, --quiet', 'no progress and no notices')
}
