// What bin/whylate.js runs: the arguments of this process in, its exit code out.

import { leaveGoneTerminal } from './held-endings.ts'
import { run } from './program.ts'

// A reader that has gone (`whylate … | head`) ends us as it ends everybody else; it is no defect.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A terminal that has gone: SIGHUP says so, too, and is what ends us.
  if (error.code === 'EIO') return
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

process.exitCode = await run(process.argv.slice(2))
leaveGoneTerminal()
