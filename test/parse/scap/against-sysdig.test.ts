// Every row of our reader against what the packaged sysdig prints for the same file.
//
// Debian's sysdig 0.29.3 reads the guests' captures (it refuses what 0.36 and later write). Time, CPU, thread, direction
// and type must be equal in all rows. In the other columns only the classes below may differ, in which sysdig is wrong
// or silent.

import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { ScapRow } from '../../../src/parse/scap/scap-row.ts'
import callTable from '../../../src/parse/scap/tables/syscalls.json' with { type: 'json' }
import { captureFile, guestCaptures, readCapture, type CaptureName } from './captures.ts'
import { compareRows, formatComparison, readRows, type Excuse, type TextRow } from './rows-compared.ts'

const run = promisify(execFile)

const sysdig = 'sysdig'

function versionOf(): string {
  try {
    return execFileSync(sysdig, ['--version'], { encoding: 'utf8' }).trim()
  } catch {
    return 'none'
  }
}

const version = versionOf()
/** Latency last but for the name, which may hold anything. */
const format =
  '*%evt.rawtime\\t%evt.cpu\\t%thread.tid\\t%evt.dir\\t%evt.type\\t%proc.pid\\t%evt.rawres\\t%fd.num\\t%fd.name\\t%evt.latency\\t%proc.name'

/** sysdig's numbers for "no descriptor", and what it prints for a field that it does not have. */
const noFd = new Set(['-1', '-100', '4294967295'])
const absent = (text: string): string => (text === '<NA>' || text === '' ? '-' : text)

function rowOfLine(line: string): TextRow {
  const [ts = '', cpu = '', tid = '', dir = '', type = '', pid = '', res = '', fd = '', name = '', ns = '', comm = ''] =
    line.split('\t')
  return {
    ts,
    cpu,
    tid,
    dir,
    type,
    pid: absent(pid),
    comm: absent(comm),
    res: absent(res),
    fd: noFd.has(fd) ? '-' : absent(fd),
    name: absent(name),
    // Rows other than exits repeat the latency of the call before.
    latency: dir === '<' && ns !== '0' ? ns : '-',
  }
}

async function readSysdig(name: CaptureName): Promise<TextRow[]> {
  const { stdout } = await run(sysdig, ['-r', captureFile(name), '-p', format], { maxBuffer: 2 ** 28 })
  return stdout.trimEnd().split('\n').map(rowOfLine)
}

/** Names of generic calls as 0.29.3 prints them. */
const oldNames = new Map(callTable.codes.map((call) => [call.code, call['shown0.1.1'] ?? call.name]))
const isMessage = /^(?:send|recv)(?:msg|to|from)$/

/** What sysdig does to names on output is done to ours, too: control bytes are dropped, nothing is the same as none. */
function asSysdigShows(row: ScapRow): ScapRow {
  // oxlint-disable-next-line no-control-regex
  const name = row.fdName?.replace(/[\x00-\x1f\x7f]/g, '')
  return { ...row, fdName: name === '' ? undefined : name }
}

const excuses: readonly Excuse[] = [
  {
    reason: 'name of a generic call: 0.29 prints <unknown> for code 0, and old names',
    columns: ['type'],
    accepts: (row, their) => row.code !== undefined && oldNames.get(row.code) === their.type,
  },
  {
    reason: 'thread that the capture does not introduce: sysdig takes its tid for its pid',
    columns: ['pid'],
    accepts: (row, their) => row.pid === undefined && row.comm === undefined && their.pid === their.tid,
  },
  {
    reason: 'mmap: sysdig has no descriptor for it before libs 0.22',
    columns: ['fd', 'name'],
    accepts: (row, their) => row.type === 'mmap' && their.fd === '-',
  },
  {
    reason: 'exit without its enter: sysdig prints fd 0 or the last one',
    columns: ['fd', 'name'],
    accepts: (row) => row.direction === '<' && row.latencyNs === undefined && row.fd === undefined,
  },
  {
    reason: 'datagram: sysdig puts an interface for 0.0.0.0, or overlays a bound address',
    columns: ['name'],
    accepts: (row) => isMessage.test(row.type) && (row.fdName?.includes('->') ?? false),
  },
  {
    reason: 'connect that failed: we keep the address that was asked for',
    columns: ['name'],
    accepts: (row, their) => (row.type === 'connect' || row.type === 'close') && their.name === '-',
  },
]

test.skipIf(!version.includes('0.29.'))(
  `reads the guests' captures as sysdig -r does (needs sysdig 0.29, is: ${version})`,
  { timeout: 300_000 },
  async () => {
    for (const name of guestCaptures) {
      const theirs = await readSysdig(name)
      const rows = readRows(readCapture(name)).rows.map(asSysdigShows)
      const comparison = compareRows(rows, theirs, excuses)
      process.stdout.write(formatComparison(`${name} against ${version}`, comparison))
      expect(rows).toHaveLength(theirs.length)
      expect(comparison.unexplained).toEqual([])
      const { ts, cpu, tid, dir } = comparison.equal
      expect({ ts, cpu, tid, dir }).toEqual({ ts: rows.length, cpu: rows.length, tid: rows.length, dir: rows.length })
    }
  },
)
