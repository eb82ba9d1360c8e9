// `whylate audit`: settings of this host and its guests that are known to delay adverts. Reads only.

import { hostname } from 'node:os'
import { auditOf, type Audit } from '../audit/audit.ts'
import { formatAudit, type Held } from '../audit/audit-text.ts'
import { consistencyOf } from '../audit/consistency.ts'
import { openHostTree, type HostTree } from '../audit/host-tree.ts'
import { ask } from '../capture/ask.ts'
import { formatDocument } from '../report/json.ts'
import { replayAll } from '../session/replay/replay.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import { answer, notice } from './say.ts'

export interface AuditOptions {
  readonly json?: boolean
}

const budgetBytes = 512 * 1024 * 1024
const versionTimeoutMs = 3000

/** Only a keepalived whose root is ours: the program of a container is not for us to run. */
async function askVersion(tree: HostTree, pid: number): Promise<string | undefined> {
  const program = tree.link(`/proc/${pid}/exe`)
  if (program === undefined || tree.link(`/proc/${pid}/root`) !== '/') return undefined
  const { stdout, stderr } = await ask([program, '--version'], versionTimeoutMs)
  return `${stdout}\n${stderr}`
}

async function heldAgainst(bundle: string): Promise<Held & { readonly isDamaged: boolean }> {
  const { session, complaints } = await replayAll(bundle, {
    budgetBytes,
    interval: undefined,
    late: undefined,
    vrid: undefined,
  })
  for (const sentence of complaints) notice(`whylate: ${sentence}`)
  const measured = session.windows.flatMap(({ explanation }) =>
    explanation === undefined ? [] : [{ cause: explanation.cause, confidence: explanation.confidence }],
  )
  return { bundle, measured, isDamaged: complaints.length > 0 }
}

function documentOf(audit: Audit, held: Held | undefined): object {
  return {
    schema: 'whylate.audit/1',
    host: hostname(),
    guests: audit.guests,
    routers: audit.routers,
    late: held === undefined ? null : held.measured.length,
    findings: audit.findings.map((one) => ({
      ...one,
      consistency: held === undefined ? null : (consistencyOf(one, held.measured) ?? null),
    })),
  }
}

export async function runAudit(bundle: string | undefined, options: AuditOptions): Promise<ExitCode> {
  const held = bundle === undefined ? undefined : await heldAgainst(bundle)
  const tree = openHostTree()
  const audit = await auditOf(tree, (pid) => askVersion(tree, pid))
  answer(options.json === true ? formatDocument(documentOf(audit, held)) : formatAudit(hostname(), audit, held))
  return held?.isDamaged === true ? exitCode.bundle : exitCode.done
}
