// The options that live shares with record, from text to values. A wrong one is a sentence and exit code 2.

import { InvalidArgumentError, Option, type Command } from 'commander'
import type { Span } from '../time/instant.ts'
import { parseDuration } from './duration.ts'

export interface LiveOptions {
  readonly interface: readonly string[]
  readonly netns?: string
  readonly guest: readonly string[]
  readonly log: readonly string[]
  readonly vrid?: number
  readonly interval?: Span
  readonly late?: Span
  readonly engine: 'auto' | 'sysdig' | 'bpftrace' | 'none'
  /** A path, or false for --no-iostat. */
  readonly iostat?: string | false
  readonly filter?: string
  readonly budget: number
  readonly for?: Span
  readonly sysdig?: string
  readonly tcpdump?: string
  readonly bpftrace?: string
}

const wrong = (message: string): never => {
  throw new InvalidArgumentError(message)
}

export const vridOf = (text: string): number =>
  /^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= 255
    ? Number(text)
    : wrong('A VRID is a number from 1 to 255.')

export const spanIn =
  (unit: 'ms' | 's') =>
  (text: string): Span =>
    parseDuration(text, unit) ?? wrong('Give a length of time such as 200ms, 30s, 10m or 2h.')

const interfaceOf = (text: string, before: readonly string[]): readonly string[] =>
  // IFNAMSIZ is 16 with its 0; `/` and white space cannot be in a name (dev_valid_name in net/core/dev.c).
  /^[^\s/:]{1,15}$/.test(text) ? [...before, text] : wrong('That cannot be the name of an interface.')

export const mebibytes = (text: string): number =>
  /^\d{1,6}$/.test(text) && Number(text) >= 16
    ? Number(text) * 1024 * 1024
    : wrong('Give a number of MiB, at least 16.')

/** `budgetMiB`: what a screen looks back on; a recorder needs no more than the windows at hand. */
export function addLiveOptions(command: Command, budgetMiB = 256): Command {
  return command
    .addOption(
      new Option('-i, --interface <name>', 'watch this interface; may be given several times')
        .argParser(interfaceOf)
        .default([], 'all'),
    )
    .option('--netns <name>', 'capture inside this network namespace')
    .addOption(
      new Option('--guest <NAME=COMMAND>', 'sysdig inside this guest, too; COMMAND leads into it; may be repeated')
        .argParser((text: string, before: readonly string[]) => [...before, text])
        .default([], 'none'),
    )
    .addOption(
      new Option(
        '--log <path|journal|NAME=COMMAND>',
        "keepalived's log, followed from now on: here, or in a guest, into which COMMAND leads; may be repeated",
      )
        .argParser((text: string, before: readonly string[]) => [...before, text])
        .default([], 'none'),
    )
    .option('--vrid <n>', 'only this virtual router', vridOf)
    .option('--interval <ms>', 'the advert interval, instead of the advertised one', spanIn('ms'))
    .option('--late <ms>', 'late from here on (default: 50 ms or 8 times the usual scatter)', spanIn('ms'))
    .addOption(
      new Option('--engine <name>', 'what watches the kernel')
        .choices(['auto', 'sysdig', 'bpftrace', 'none'])
        .default('auto'),
    )
    .option('--no-iostat', 'do not run iostat')
    .option('--filter <pcap>', 'another heartbeat than VRRP, as a capture filter (with --interval)')
    .addOption(
      new Option('--budget <MiB>', 'memory for events')
        .argParser(mebibytes)
        .default(budgetMiB * 1024 * 1024, String(budgetMiB)),
    )
    .option('--for <time>', 'end by itself after this time', spanIn('s'))
    .addOption(new Option('--sysdig <path>', 'this sysdig').env('WHYLATE_SYSDIG'))
    .addOption(new Option('--tcpdump <path>', 'this tcpdump').env('WHYLATE_TCPDUMP'))
    .addOption(new Option('--iostat <path>', 'this iostat').env('WHYLATE_IOSTAT'))
    .addOption(new Option('--bpftrace <path>', 'this bpftrace').env('WHYLATE_BPFTRACE'))
}
