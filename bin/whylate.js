#!/usr/bin/env node
// The executable: checks that this Node and the built program are there, then hands over to dist/program/main.js.

import { existsSync } from 'node:fs'
import { nodeComplaint } from './setup/node-version.js'

const main = new URL('../dist/program/main.js', import.meta.url)

/** Exit code 3: it cannot run here, and the sentence names the remedy. */
function refuse(message, remedy) {
  process.stderr.write(`whylate: ${message}\n  ${remedy}\n`)
  process.exitCode = 3
}

const complaint = nodeComplaint()
if (complaint !== undefined) {
  refuse(complaint.message, complaint.remedy)
} else if (!existsSync(main)) {
  refuse('it is not built yet: dist/program/main.js is missing.', 'npm run build')
} else {
  import(main.href).catch((error) => {
    process.stderr.write(`whylate: a defect: ${(error && error.stack) || error}\n`)
    process.exitCode = 1
  })
}
