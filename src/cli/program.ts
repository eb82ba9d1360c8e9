// The commands and their options, wired to what carries them out. The only place that knows all rooms.

import { Command, CommanderError } from 'commander'
import { Fault } from '../capture/fault.ts'
import type { AuditOptions } from './audit.ts'
import type { DoctorOptions } from './doctor.ts'
import type { DrillOptions } from './drill-follow.ts'
import { exitCode, exitCodesHelp, type ExitCode } from './exit-code.ts'
import { addFileCommands } from './file-commands.ts'
import { addLiveOptions, type LiveOptions } from './live-options.ts'
import { addReportOptions, reportHelp, type ReportOptions } from './report-options.ts'
import { tellFault } from './say.ts'
import { addTapeCommands } from './tape-commands.ts'
import { readVersion } from './version.ts'

const liveHelp = `
Examples:
  whylate -i tap3f2a91c0-7e --vrid 205
  whylate --guest lb01='ssh root@lb01'     sysdig inside that guest, too, as one more probe

COMMAND of --guest is a program and its words; \`sh\` is added to them, and sysdig is started by that shell. Nothing in it is
expanded: what needs a shell is sh -c '…'. With | at its end it brings sysdig's stream itself.

Cost to the host: tcpdump with a narrow filter (under 1 % of a core), iostat once a second, ten reads of a few /proc files
a second, and sysdig or bpftrace, which cost by the rate of system calls: see the README for measured figures. Nothing on
the host is changed and keepalived is never signalled.
${exitCodesHelp}`

const doctorHelp = `
Example: whylate doctor -i tap3f2a91c0-7e

Cost to the host: each probe is started for a moment and stopped again.
${exitCodesHelp}`

const auditHelp = `
Examples:
  whylate audit
  whylate audit night.whylate      and does what was measured fit it?

Cost to the host: some hundred small files of /proc and /sys are read once, and \`keepalived --version\` is asked. Nothing is
changed. What it cannot read without root is told as unseen.

Exit codes: 0 done; 2 wrong usage; 4 the bundle is damaged or of an unknown version; 1 a defect of whylate.`

const drillHelp = `
Examples:
  whylate drill sigstop --seconds 4.2
  whylate drill freezer --record freezer.whylate     and keep what was recorded
  whylate drill all                                  every scenario, and a table of what was said of each

Needs root. A keepalived pair in network namespaces of its own is made, one fault is done to it, and all of it is removed
again; nothing else on the host is touched. \`whylate drill list\` names the scenarios.

Cost to the host: that of whylate live for about 20 seconds, and two idle keepalived; \`all\` takes some eight minutes and
keeps a CPU busy for some of them.

Exit codes: 0 found as it was done; 10 not found, or found wrong; 2 wrong usage; 3 it cannot run here; 1 a defect of whylate.`

export async function run(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exitCode.done
  const program = new Command('whylate')
    .description(
      'Why was this packet late? Explains each late VRRP advert: how late, late or lost, and what ran in its window.',
    )
    .version(readVersion())
    .exitOverride()
    .showHelpAfterError('(whylate --help shows what there is)')
  addLiveOptions(
    program
      .command('live', { isDefault: true })
      .description('watch, and show each late advert on the screen (the default)'),
  )
    .addHelpText('after', liveHelp)
    .action(async (options: LiveOptions) => {
      // Each command loads what it needs itself: reading all of the program takes longer than many an answer.
      const { runLive } = await import('./live.ts')
      code = await runLive(options)
    })
  addLiveOptions(
    program.command('doctor').description('can each probe run here, and if not, the command that makes it so'),
  )
    .option('--json', 'as JSON')
    .addHelpText('after', doctorHelp)
    .action(async (options: DoctorOptions) => {
      const { runDoctor } = await import('./doctor.ts')
      code = await runDoctor(options)
    })
  program
    .command('audit [bundle]')
    .description('settings of this host and its guests that are known to delay adverts')
    .option('--json', 'as JSON')
    .addHelpText('after', auditHelp)
    .action(async (bundle: string | undefined, options: AuditOptions) => {
      const { runAudit } = await import('./audit.ts')
      code = await runAudit(bundle, options)
    })
  addTapeCommands(program, argv, (found) => {
    code = found
  })
  addFileCommands(program, argv, (found) => {
    code = found
  })
  program
    .command('drill [scenario]')
    .description('a fire drill: a real keepalived pair, a real fault, and whether it is found')
    .option('--watch', 'show it on the live screen as it happens')
    .option('--seconds <n>', 'how long the fault lasts', (text) => Number(text))
    .option('--record <path>', 'keep the bundle; for all, one for each scenario in this directory')
    .option('--engine <name>', 'what watches the kernel: auto, sysdig, bpftrace or none', 'auto')
    .addHelpText('after', drillHelp)
    .action(async (scenario: string | undefined, options: DrillOptions) => {
      const { listScenarios, runAllDrills, runDrill } = await import('./drill.ts')
      if (scenario === 'list') code = listScenarios()
      else code = await (scenario === 'all' ? runAllDrills(options) : runDrill(scenario ?? 'sigstop', options))
    })
  addReportOptions(
    program
      .command('report [bundle]')
      .description('explain a finished capture: a bundle, or files that others captured'),
  )
    .addHelpText('after', reportHelp)
    .action(async (bundle: string | undefined, options: ReportOptions) => {
      const { runReport } = await import('./report.ts')
      code = await runReport(bundle, options)
    })
  // `live` is what runs without a command, so a misspelt command would else be taken for an argument of it.
  const [first = ''] = argv
  const names = program.commands.map((command) => command.name())
  if (/^[a-z]/.test(first) && first !== 'help' && !names.includes(first)) {
    tellFault(new Fault(`There is no command ${first}.`, `There are: ${names.join(', ')}.`, 2))
    return exitCode.usage
  }
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage
    if (!(error instanceof Fault)) throw error
    tellFault(error)
    return error.exitCode
  }
}
