// Tests that only compute share the cores; those with real processes and clocks have the machine to themselves, afterwards.

import { execFileSync } from 'node:child_process'
import { delimiter, dirname } from 'node:path'
import { defineConfig } from 'vitest/config'

/** Where the fakes' python really is: the shim of a version manager starts a dozen processes for each of theirs. */
function pathWithPython(): string {
  const path = process.env['PATH'] ?? ''
  try {
    const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim()
    return python === '' ? path : `${dirname(python)}${delimiter}${path}`
  } catch {
    // Without python the tests that need it say so.
    return path
  }
}

/** No children, no clocks: files in, answers out. */
const rooms = ['bundle', 'diagnose', 'engine', 'incidents', 'parse', 'report', 'store', 'time']
const session = ['file-source', 'import', 'reading-index'].map((name) => `test/session/${name}.test.ts`)
const cli = ['bundle-anywhere', 'export', 'report'].map((name) => `test/cli/${name}.test.ts`)
const computing = [...session, ...cli, ...rooms.map((room) => `test/${room}/**/*.test.ts`)]
// A timing is never a test: these limits only end what hangs, on a machine that others keep busy, too.
const common = { testTimeout: 60_000, hookTimeout: 60_000, env: { PATH: pathWithPython() } }

export default defineConfig({
  test: {
    projects: [
      { test: { ...common, name: 'computing', include: computing, maxWorkers: 2, sequence: { groupOrder: 0 } } },
      {
        test: {
          ...common,
          name: 'real',
          include: ['test/**/*.test.ts'],
          exclude: computing,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
