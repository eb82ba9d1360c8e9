// The two commands that turn files into bundles and bundles into files: import and export.

import { InvalidArgumentError, Option, type Command } from 'commander'
import type { ExitCode } from './exit-code.ts'
import type { ExportOptions } from './export.ts'
import { exportForms } from './export-forms.ts'
import type { ImportOptions } from './import.ts'
import { mebibytes } from './live-options.ts'
import { addFileOptions, sysdigTextHelp } from './report-options.ts'

const importHelp = `
Example: whylate import -o night.whylate --pcap tap.pcap --pcap backup=peer.pcapng.gz --scap host.scap.gz \\
           --host host.ndjson.gz --iostat iostat.json --log keepalived.log --log tcpdump.stderr

PATH becomes a directory NAME.whylate, or with NAME.tgz one packed file. It must not exist. All files are of the same
time, plain or gzip; --pcap is needed, of the rest what there is. replay and report say of the bundle what report says of
the files.
--scap NAME=F names a kernel of its own, a guest's.
--log takes keepalived's lines as its console, syslog or journalctl (-o short-iso, -o json) gives them; of a whole syslog
only keepalived's lines are kept.
${sysdigTextHelp}

Passwords, environments, command lines and all data that was read or written do not get into the bundle.

Cost to the host: one core while it reads, at most --budget of memory for events; no root, no probe. A .tgz needs twice
its room while it is made.

Exit codes: 0 done; 2 wrong usage, a file that is something else, or PATH exists; 3 it cannot be written (no space, no
permission, interrupted), and nothing of it is left; 1 a defect of whylate.`

const exportHelp = `
Examples:
  whylate export night.whylate --to pcapng -o night.pcapng      wireshark, tcpdump -r; late adverts carry a comment
  whylate export night.whylate --to csv --redact | less
  whylate export night.whylate --to bundle --redact -o for-the-vendor
  whylate export night.whylate --to perfetto -o night.json      open it in https://ui.perfetto.dev

pcapng    every advert as it was captured, without passwords, ns stamps
csv       a row for each advert; docs/export.md names the columns
json      the report (report --format json) and every advert
perfetto  a trace in Chrome's JSON form: adverts, lateness, the sender's threads and calls, disks, blind spots
bundle    with --redact: the whole bundle to hand to somebody, the same verdicts, nobody's names; without scap and logs

With --redact the same name gets the same token throughout, and without the key nobody can find out by trying. Numbers
(pids, VRIDs, times, priorities) and the protocol's own addresses stay. A redacted pcapng holds the adverts built anew.

Cost to the host: one core while it reads, at most --budget of memory for events; no root, no probe.

Exit codes: 0 done; 2 wrong usage, or FILE exists; 3 it cannot be written; 4 the bundle is damaged or of an unknown
version, and what could be read was; 1 a defect of whylate.`

const keyOf = (text: string): string => {
  if (text.length < 8) throw new InvalidArgumentError('A key that short can be guessed: give at least 8 characters.')
  return text
}

export function addFileCommands(program: Command, argv: readonly string[], done: (code: ExitCode) => void): void {
  addFileOptions(
    program
      .command('import')
      .description('make a bundle of files that others captured')
      .requiredOption('-o, --output <path>', 'the bundle: NAME.whylate, or NAME.tgz packed'),
  )
    .option('--keep-secrets', 'leave passwords, environments and command lines in it')
    .addOption(new Option('--budget <MiB>', 'memory for events').argParser(mebibytes).default(512 * 1024 * 1024, '512'))
    .option('-q, --quiet', 'no progress and no notices')
    .addHelpText('after', importHelp)
    .action(async (options: ImportOptions) => {
      const { runImport } = await import('./import.ts')
      done(await runImport(options, argv))
    })
  program
    .command('export <bundle>')
    .description('a bundle as pcapng, csv, json or perfetto, for other tools')
    .addOption(new Option('--to <form>', 'what to make').choices(exportForms).makeOptionMandatory())
    .option('-o, --output <file>', 'a new file (default: stdout)')
    .option('--redact', 'addresses, names, files and command lines replaced by tokens')
    .option('--redact-key <text>', 'the same tokens as in another export with this key (default: a random one)', keyOf)
    .addOption(new Option('--budget <MiB>', 'memory for events').argParser(mebibytes).default(512 * 1024 * 1024, '512'))
    .option('-q, --quiet', 'no notices')
    .addHelpText('after', exportHelp)
    .action(async (path: string, options: ExportOptions) => {
      const { runExport } = await import('./export.ts')
      done(await runExport(path, options))
    })
}
