// Files that others captured, made into a bundle. While they are played through the engine, as a report over them would,
// what they hold is written: so the bundle knows what could not be read of them, and plays the same.
//
//   files ─▶ pieces ─┬─▶ engine ─▶ damage, what was late
//                    └─▶ whole units, secrets removed ─▶ members
//
// It is all or nothing: what cannot be finished (no space, Ctrl-C) is removed again. One that is killed leaves a bundle
// that was not closed, and that replays.

import { mkdtemp, rm, lstat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Fault } from '../../capture/fault.ts'
import type { BlindSpot } from '../../events/probe.ts'
import { epochAt, type Epoch } from '../../time/instant.ts'
import { formatBlindLine } from '../../bundle/blind-lines.ts'
import { formatDiskRefusal, openBundleFolder, refuseToWrite, type BundleFolder } from '../../bundle/bundle-folder.ts'
import { openImportedMember, type ImportedMember } from './imported-member.ts'
import { bundleSchema, type Manifest } from '../../bundle/manifest.ts'
import { openMemberFile, type MemberFile } from '../../bundle/member-file.ts'
import { blindName, manifestName } from '../../bundle/member-name.ts'
import { writeTarArchive } from '../../bundle/tar-writer.ts'
import type { FinishedSession } from '../../engine/finished.ts'
import { openImportPlay } from './import-play.ts'
import { originOf, partNames, peekAll, type ImportFiles, type Source, type SourcePiece } from './import-sources.ts'
import type { OnProgress } from './play-file.ts'

export interface ImportBundleSettings {
  /** NAME, NAME.whylate, or NAME.tgz for a packed one. */
  readonly path: string
  readonly files: ImportFiles
  readonly keepsSecrets: boolean
  readonly budgetBytes: number
  readonly program: { readonly version: string; readonly commandLine: readonly string[] }
  readonly onProgress: OnProgress
  readonly signal: AbortSignal
}

export interface ImportedBundle {
  readonly path: string
  readonly sizeBytes: number
  readonly session: FinishedSession
  /** What is not in it, in sentences. */
  readonly remarks: readonly string[]
}

const encoder = new TextEncoder()
const flushedAt = 1024 * 1024
/** A gzip member each 8 MiB: so much at most goes with a flipped bit. The writer counts in time, 30 s a member. */
const nsPerByte = 30e9 / (8 * 1024 * 1024)

interface Written {
  readonly sizeBytes: number
  readonly session: FinishedSession
  readonly remarks: readonly string[]
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch {
    return false
  }
}

function manifestOf(
  settings: ImportBundleSettings,
  sources: readonly Source[],
  { origin, begins }: { readonly origin: Epoch; readonly begins: Epoch },
): Omit<Manifest, 'members'> {
  const { parts, link } = partNames(sources)
  const probes = [...new Set(sources.map((one) => one.probe))]
  return {
    schema: bundleSchema,
    madeBy: { program: 'whylate', version: settings.program.version, commandLine: [...settings.program.commandLine] },
    originNs: String(origin),
    startedNs: String(begins),
    host: { name: sources.find((one) => one.host !== undefined)?.host ?? '' },
    vantage: 'imported',
    settings: { interfaces: [], parts: [...parts], ...(link === undefined ? {} : { link }) },
    secrets: settings.keepsSecrets ? 'kept' : 'removed',
    probes: probes.map((name) => ({
      name,
      tool: 'file',
      version: '',
      detail: sources.flatMap((one) => (one.probe === name ? [one.name] : [])).join(', '),
    })),
  }
}

/** All logs lie in one member, so they are one source there. */
function importedOf(sources: readonly Source[], members: ReadonlyMap<Source, ImportedMember>): Source[][] {
  const logs = sources.filter((one) => one.probe === 'log')
  const others = sources.filter((one) => one.probe !== 'log').map((one) => [one])
  return (logs.length === 0 ? others : [...others, logs]).filter((one) => one.some((source) => members.has(source)))
}

function describe(sources: readonly Source[], members: ReadonlyMap<Source, ImportedMember>): Manifest['imported'] {
  const described = importedOf(sources, members).flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const { probe, part, link, beginsAt } = first
    const names = group.flatMap((one) => members.get(one)?.files.map((file) => file.name) ?? [])
    return [
      {
        probe,
        part: probe === 'log' ? '' : part,
        ...(link === undefined ? {} : { link }),
        name: group.map((one) => one.name).join(', '),
        ...(beginsAt === undefined ? {} : { beginsNs: String(beginsAt) }),
        members: [...new Set(names)],
      },
    ]
  })
  return { beginsNs: String(originOf(sources).begins), sources: described }
}

/** Writes into a folder that is ours; whoever calls removes it when this throws. */
async function writeInto(
  folder: BundleFolder,
  files: Map<string, MemberFile>,
  settings: ImportBundleSettings,
  sources: readonly Source[],
): Promise<Written> {
  const { keepsSecrets, signal, onProgress, budgetBytes } = settings
  const times = originOf(sources)
  const { origin } = times
  const members = new Map<Source, ImportedMember>()
  const damage: BlindSpot[] = []
  const memberOf = (name: string): MemberFile => {
    const file = files.get(name) ?? openMemberFile(name, () => folder.create(name))
    files.set(name, file)
    return file
  }
  const frame = manifestOf(settings, sources, times)
  const manifestText = (closed: Manifest['closed'], known: Manifest['members'], host = frame.host.name): string => {
    const imported = describe(sources, members)
    const whole: Manifest = {
      ...frame,
      host: { name: host },
      ...(closed === undefined ? {} : { closed }),
      ...(imported === undefined ? {} : { imported }),
      members: known,
    }
    return `${JSON.stringify(whole, undefined, 2)}\n`
  }

  async function* teed(source: Source, onRead?: (packedBytes: number) => void): AsyncGenerator<SourcePiece> {
    const member = openImportedMember(source, {
      origin,
      keepsSecrets,
      memberOf,
      isTaken: (name) => files.has(name),
    })
    members.set(source, member)
    await folder.replace(
      manifestName,
      manifestText(
        undefined,
        [...files.keys()].map((name) => ({ name })),
      ),
    )
    for await (const piece of source.read(onRead)) {
      signal.throwIfAborted()
      if ('bytes' in piece) member.push(piece.bytes)
      for (const file of member.files) if (file.waitingBytes > flushedAt) await file.flush(file.length * nsPerByte)
      yield piece
    }
    member.end()
    for (const file of member.files) await file.flush(file.length * nsPerByte)
  }

  const play = openImportPlay(
    sources.map((one) => ({ ...one, read: (onRead) => teed(one, onRead) })),
    {
      ...times,
      host: frame.host.name,
      interval: undefined,
      late: undefined,
      vrid: undefined,
      budgetBytes,
      onProgress,
      onDamage: (spot) => damage.push(spot),
    },
  )
  const steps = play.steps()
  while ((await steps.next()).done !== true) signal.throwIfAborted()
  const session = play.finished()
  for (const spot of damageOf(session, damage)) memberOf(blindName).add(encoder.encode(formatBlindLine(spot, origin)))
  const closedMembers: Manifest['members'] = []
  for (const file of files.values()) {
    await file.flush(file.length * nsPerByte)
    if (file.length > 0) closedMembers.push(await file.close())
  }
  for (const member of members.values()) for (const file of member.files) if (file.length === 0) files.delete(file.name)
  await folder.replace(
    manifestName,
    manifestText(
      { atNs: String(epochAt(session.to, origin)), because: 'all files were read' },
      closedMembers,
      session.host,
    ),
  )
  const lost = [...members].filter(([, member]) => member.lostBytes > 0)
  return {
    sizeBytes: closedMembers.reduce((sum, one) => sum + (one.sizeBytes ?? 0), 0),
    session,
    remarks: [
      ...damage.map((spot) => spot.reason),
      ...lost.map(
        ([source, { lostBytes }]) => `${source.name}: ${lostBytes} bytes that cannot be understood are left out`,
      ),
    ].filter((one, i, all) => all.indexOf(one) === i),
  }
}

/** What a replay cannot find out, because what is damaged is not in the bundle: by the capture's clock, a guest's, too. */
function damageOf({ blindSpots, to }: FinishedSession, damage: readonly BlindSpot[]): BlindSpot[] {
  const reasons = new Set(damage.map((spot) => spot.reason))
  const told = blindSpots.filter((spot) => reasons.has(spot.reason) || spot.reason.startsWith('unreadable input'))
  const cut = damage.filter((spot) => blindSpots.every((other) => other.reason !== spot.reason))
  return [...told, ...cut.map((spot) => ({ ...spot, from: to, to }))]
}

function refusalOf(path: string, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return new Fault(`Interrupted: ${path} was not made.`, 'Run it again.', 3)
  const { code, syscall } = error as NodeJS.ErrnoException
  if (error instanceof Fault || code === undefined || syscall === undefined) return error
  return new Fault(`${path} was not made: ${formatDiskRefusal(code)}.`, 'Make room, or give another -o.', 3)
}

async function writeFolder(path: string, settings: ImportBundleSettings, sources: readonly Source[]): Promise<Written> {
  const folder = await openBundleFolder(path)
  const files = new Map<string, MemberFile>()
  try {
    return await writeInto(folder, files, settings, sources)
  } catch (error) {
    // Only their descriptors matter now.
    for (const file of files.values()) await file.close().catch(() => undefined)
    await rm(folder.path, { recursive: true, force: true })
    throw error
  } finally {
    await folder.close()
  }
}

/** Made beside its target, so that the target's disk holds it and nobody else can look into it. */
async function writePacked(path: string, settings: ImportBundleSettings, sources: readonly Source[]): Promise<Written> {
  let beside: string
  try {
    beside = await mkdtemp(join(dirname(path), '.whylate-import-'))
  } catch (error) {
    throw refuseToWrite(path, error)
  }
  try {
    const name = `${basename(path).replace(/(?:\.whylate)?\.tgz$/, '')}.whylate`
    const written = await writeFolder(join(beside, name), settings, sources)
    return { ...written, sizeBytes: await writeTarArchive(join(beside, name), path, settings.signal) }
  } finally {
    await rm(beside, { recursive: true, force: true })
  }
}

/** Throws a Fault where it cannot be made; nothing of it is left then. */
export async function importBundle(settings: ImportBundleSettings): Promise<ImportedBundle> {
  const given = resolve(settings.path)
  const isPacked = given.endsWith('.tgz')
  const path = isPacked || given.endsWith('.whylate') ? given : `${given}.whylate`
  for (const one of [given, path]) if (await isThere(one)) throw refuseToWrite(one, { code: 'EEXIST' })
  const sources = await peekAll(settings.files)
  try {
    const written = await (isPacked ? writePacked : writeFolder)(path, settings, sources)
    return { path, ...written }
  } catch (error) {
    throw refusalOf(path, error, settings.signal)
  }
}
