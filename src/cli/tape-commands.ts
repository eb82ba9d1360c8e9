// The commands of the tape and their options: record, replay and compare.

import { InvalidArgumentError, Option, type Command } from 'commander'
import type { ExitCode } from './exit-code.ts'
import { compareHelp, type CompareOptions } from './compare-options.ts'
import { addLiveOptions, mebibytes, spanIn, vridOf } from './live-options.ts'
import type { RecordOptions } from './record.ts'
import type { ReplayOptions } from './replay.ts'
import { parseSize } from './size.ts'

const recordHelp = `
Examples:
  whylate record -o night --for 8h --max-size 2G
  whylate record -o night --flight                  the flight recorder: for nights that may well be quiet
  whylate record -o /var/tmp -i tap3f2a91c0-7e      a directory that exists: the bundle gets a name of its own in it
To leave it alone after logging out:
  systemd-run --unit whylate-night -p LimitMEMLOCK=infinity whylate record -q -o /var/tmp
  tmux new -d 'whylate record -o /var/tmp'
  whylate record --systemd -o /var/lib/whylate > /etc/systemd/system/whylate-record.service    from boot on
SIGINT, SIGTERM and SIGHUP (a lost SSH connection) close the bundle. One that was killed replays up to its last second.

--flight keeps all packets and all of iostat, one host sample a second, and whole stretches of everything around each late or
overdue advert (30 s before its gap to 4 s behind it, and an on-time stretch after it), six seconds each ten minutes to compare
with, the first twelve and the last six seconds. The rest was not kept, and the report says so instead of "nothing happened".
Until it is needed it waits in memory: at most 128 MiB or 90 s, whichever is less (--flight-memory). At most 256 MiB of what
the kernel engine said go into one late window, and 120 windows into an hour.

Passwords, environments, command lines and all data that was read or written are removed before they reach the disk.

Cost to the host: that of whylate live, and the disk; the README has the sizes of an hour.

Exit codes: 0 done, nothing late; 10 done, something was late; 2 wrong usage; 3 it cannot run here, or the disk took no
more (the message names the remedy); 1 a defect of whylate.`

const replayHelp = `
Examples:
  whylate replay night.whylate
  whylate replay night.whylate.tgz | less      without a terminal: all that it says, as text

Cost to the host: one core while it reads, and the memory of --budget. Needs neither root nor any of the tools.

Exit codes: 0 done, nothing late; 10 done, something was late (as text); 2 wrong usage; 4 the bundle is damaged or of an
unknown version, and what could be read was; 1 a defect of whylate.`

const wrong = (message: string): never => {
  throw new InvalidArgumentError(message)
}
const sizeOf = (text: string): number => parseSize(text) ?? wrong('Give a size such as 500M or 2G.')
const countOf = (text: string): number =>
  /^[1-9]\d{0,8}$/.test(text) ? Number(text) : wrong('Give a whole number, at least 1.')
const speedOf = (text: string): number =>
  /^\d{1,6}(?:\.\d{1,3})?$/.test(text) && Number(text) > 0
    ? Number(text)
    : wrong('Give how many times as fast, such as 1 or 20.')

/** How a bundle is read, whatever is made of it. */
function addReadingOptions(command: Command): Command {
  return command
    .option('--vrid <n>', 'only this virtual router', vridOf)
    .option('--interval <ms>', 'the advert interval, instead of the advertised one', spanIn('ms'))
    .option('--late <ms>', 'late from here on', spanIn('ms'))
    .addOption(new Option('--budget <MiB>', 'memory for events').argParser(mebibytes).default(512 * 1024 * 1024, '512'))
}

export function addTapeCommands(program: Command, argv: readonly string[], done: (code: ExitCode) => void): void {
  addLiveOptions(
    program.command('record').description('watch without a screen, into a bundle that replay and report read'),
    64,
  )
    .option('-o, --output <path>', 'the bundle (NAME.whylate), or a directory to make it in (default: here)')
    .option('--flight', 'keep only the windows that matter of what the kernel engine says (see below)')
    .addOption(
      new Option('--flight-memory <MiB>', 'what --flight remembers until it is needed')
        .argParser(mebibytes)
        .default(128 * 1024 * 1024, '128'),
    )
    .option('--max-size <size>', 'end when it has become so large: 500M, 2G', sizeOf)
    .option('--max-late <n>', 'end after so many late adverts', countOf)
    .option('--keep-secrets', 'leave passwords, environments and command lines in it')
    .option('--systemd', 'print a unit file that does this from boot on')
    .option('-q, --quiet', 'nothing on stderr but what goes wrong')
    .addHelpText('after', recordHelp)
    .action(async (options: RecordOptions) => {
      const { runRecord } = await import('./record.ts')
      done(await runRecord(options, argv))
    })
  addReadingOptions(program.command('replay <bundle>').description('the screen over a bundle, or all it says as text'))
    .option('--speed <n>', 'how many times as fast as it was (default: as fast as it goes)', speedOf)
    .addHelpText('after', replayHelp)
    .action(async (path: string, options: ReplayOptions) => {
      const { runReplay } = await import('./replay.ts')
      done(await runReplay(path, options))
    })
  addReadingOptions(
    program.command('compare <before> <after>').description('was it better after the fix? two bundles side by side'),
  )
    .option('--json', 'as JSON')
    .option('-q, --quiet', 'no notices')
    .addHelpText('after', compareHelp)
    .action(async (before: string, after: string, options: CompareOptions) => {
      const { runCompare } = await import('./compare.ts')
      done(await runCompare(before, after, options))
    })
}
