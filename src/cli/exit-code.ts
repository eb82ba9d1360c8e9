// What a run's exit code means; scripts rely on it (design section 2).

export const exitCode = {
  done: 0,
  /** Something was late (report, record); the fault was not found (drill). */
  late: 10,
  defect: 1,
  usage: 2,
  /** A probe cannot run here; the message names the remedy. */
  cannotRun: 3,
  bundle: 4,
} as const
export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

export const exitCodesHelp = `
Exit codes: 0 done, nothing late; 10 something was late; 2 wrong usage; 3 a probe cannot run here (the message names
the remedy); 1 a defect of whylate.`
