// manifest.json: what a bundle is, who made it, with which tools, and what belongs to it. Written first, closed last.
//
// Numbers that are nanoseconds since 1970 are texts of digits: they do not fit a JSON number. Spans are nanoseconds.

import * as v from 'valibot'
import { Fault } from '../capture/fault.ts'
import { probeNames } from '../events/probe.ts'
import { epochText } from './epoch-text.ts'
import { schemaOf, upgraded, versionOf } from './manifest-versions.ts'

export const bundleSchema = 'whylate.bundle/1'

const text = v.pipe(v.string(), v.maxLength(64 * 1024))
const span = v.optional(v.pipe(v.number(), v.finite()))
const count = v.pipe(v.number(), v.integer(), v.minValue(0))

const member = v.object({
  name: text,
  /** Bytes on the disk and their SHA-256 (hex): once the bundle is closed. */
  sizeBytes: v.optional(count),
  sha256: v.optional(v.pipe(v.string(), v.hexadecimal(), v.length(64))),
})

const probe = v.object({
  name: v.picklist(probeNames),
  tool: text,
  version: text,
  detail: text,
  /** Exactly as it was started. */
  argv: v.optional(v.array(text)),
  /** The guest that it ran in. */
  part: v.optional(text),
})

/** A bundle that was made of files: which members are which file, so that they are played as the files are. */
const importedSource = v.object({
  probe: v.picklist(probeNames),
  part: text,
  link: v.optional(text),
  /** As the file was called. */
  name: text,
  beginsNs: v.optional(epochText),
  members: v.pipe(v.array(text), v.maxLength(1000)),
})

const manifest = v.object({
  schema: v.literal(bundleSchema),
  madeBy: v.object({ program: text, version: text, commandLine: v.optional(v.array(text)) }),
  /** While it is being written; by pid, start time in clock ticks and boot another process tells whether it still is. */
  writer: v.optional(v.object({ pid: count, startTicks: v.optional(text), boot: v.optional(text) })),
  /** All `at` of this bundle are nanoseconds since this moment. */
  originNs: epochText,
  startedNs: epochText,
  closed: v.optional(v.object({ atNs: epochText, because: text })),
  host: v.object({ name: text, kernel: v.optional(text), arch: v.optional(text) }),
  vantage: v.picklist(['host', 'guest', 'netns', 'imported']),
  /** Both clocks of the recording kernel, read at the same moment. */
  clocks: v.optional(v.object({ realtimeNs: epochText, monotonicNs: epochText })),
  settings: v.object({
    interfaces: v.array(text),
    netns: v.optional(text),
    filter: v.optional(text),
    vrid: v.optional(count),
    intervalNs: span,
    lateNs: span,
    /** Captures that are told apart by name; one '' where there is only one. */
    parts: v.array(text),
    /** Kernels of guests that were recorded, too: parts of sysdig. */
    guests: v.optional(v.pipe(v.array(text), v.maxLength(100))),
    link: v.optional(text),
  }),
  /** Block devices by `major:minor`, for bpftrace. */
  devices: v.optional(v.record(v.string(), text)),
  imported: v.optional(v.object({ beginsNs: epochText, sources: v.pipe(v.array(importedSource), v.maxLength(1000)) })),
  secrets: v.picklist(['removed', 'kept']),
  /** A flight recording: the kernel engine, and nine of ten host samples, are there in the stretches of kept.ndjson only. */
  flight: v.optional(v.object({ budgetBytes: count })),
  probes: v.array(probe),
  members: v.pipe(v.array(member), v.maxLength(1000)),
})

export type Manifest = v.InferOutput<typeof manifest>
export type Member = v.InferOutput<typeof member>

export const longestManifest = 4 * 1024 * 1024

const damaged = 'It may be an old copy, or not a bundle at all: a bundle is a directory NAME.whylate, or that as .tgz.'

/** Throws a Fault (exit code 4) for what is no manifest, or one of a version that this program does not know. */
export function parseManifest(json: string, where: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw new Fault(`${where} is damaged: its manifest.json is no JSON.`, damaged, 4)
  }
  const schema = v.safeParse(v.looseObject({ schema: v.string() }), value)
  if (!schema.success) throw new Fault(`${where} is damaged: its manifest.json has no schema.`, damaged, 4)
  const version = versionOf(schema.output.schema)
  const current = version === undefined ? undefined : upgraded(schema.output, version)
  if (current === undefined) {
    const found = version === undefined ? 'of another program' : schemaOf(version)
    throw new Fault(
      `${where} is ${found}; this whylate reads ${bundleSchema}.`,
      'Use the version of whylate that made it, or a newer one.',
      4,
    )
  }
  const result = v.safeParse(manifest, current)
  if (result.success) return result.output
  const [issue] = result.issues
  const at = v.getDotPath(issue) ?? 'its top'
  throw new Fault(`${where} is damaged: its manifest.json is wrong at ${at}.`, damaged, 4)
}
