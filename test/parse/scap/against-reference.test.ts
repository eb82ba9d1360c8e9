// Every row of our reader against the slow reference reader (test/reference/scap/scap_dump.py), which shares nothing
// with it but the tables of event types.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { captureFile, guestCaptures, hostCaptures, readCapture, type CaptureName } from './captures.ts'
import { compareRows, formatComparison, readRows, type Excuse, type TextRow } from './rows-compared.ts'

const reference = join(import.meta.dirname, '../../reference/scap/scap_dump.py')
const run = promisify(execFile)

/** `1795...\t0\t345\t345\tkeepalived\t<\tsendmsg\t40\t15\t0.0.0.0->224.0.0.18\t151057` */
function rowOfLine(line: string): TextRow {
  const [
    ts = '',
    cpu = '',
    tid = '',
    pid = '',
    comm = '',
    dir = '',
    type = '',
    res = '',
    fd = '',
    name = '',
    latency = '',
  ] = line.split('\t')
  return { ts, cpu, tid, dir, type, pid, comm: unescaped(comm), res, fd, name: unescaped(name), latency }
}

const unescaped = (text: string): string =>
  text.replace(/\\x(?<hex>[0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

async function readReference(name: CaptureName): Promise<TextRow[]> {
  const { stdout } = await run('python3', [reference, captureFile(name)], { maxBuffer: 2 ** 28 })
  return stdout.trimEnd().split('\n').map(rowOfLine)
}

test.each([...guestCaptures, ...hostCaptures])(
  'reads %s as the reference reader does, in every row and column',
  { timeout: 300_000 },
  async (name) => {
    const theirs = await readReference(name)
    const { rows, renamed: renamedRows } = readRows(readCapture(name))
    const renamed: Excuse = {
      reason: 'renamed by prctl, which sysdig does not follow',
      columns: ['comm'],
      accepts: (_row, _their, index) => renamedRows.has(index),
    }
    const comparison = compareRows(rows, theirs, [renamed])
    process.stdout.write(formatComparison(`${name} against the reference reader`, comparison))
    expect(rows).toHaveLength(theirs.length)
    expect(comparison.unexplained).toEqual([])
  },
)
