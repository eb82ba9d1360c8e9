// Manifests of older versions, made into what this program reads. docs/bundle-format.md has what changed in each.
//
//   whylate.bundle/1 ─▶ step 1 ─▶ whylate.bundle/2 ─▶ step 2 ─▶ … ─▶ the one that is read
//
// A step turns the manifest of one version into that of the next, as JSON and without looking at the members. There is none
// yet: version 1 is the first, and new optional keys make no new version.

export type Step = (manifest: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>

export const newestVersion = 1
/** By the version that it begins with. */
export const steps: ReadonlyMap<number, Step> = new Map()

const schemaPattern = /^whylate\.bundle\/(?<version>[1-9]\d{0,5})$/

export const schemaOf = (version: number): string => `whylate.bundle/${version}`

/** undefined: of another program. */
export function versionOf(schema: string): number | undefined {
  const found = schemaPattern.exec(schema)?.groups?.['version']
  return found === undefined ? undefined : Number(found)
}

/** As one of version `to`; undefined where no way leads there: it is newer, or older than what is still known. */
export function upgraded(
  manifest: Readonly<Record<string, unknown>>,
  from: number,
  to: number = newestVersion,
  known: ReadonlyMap<number, Step> = steps,
): Readonly<Record<string, unknown>> | undefined {
  if (from > to) return undefined
  let current = manifest
  for (let version = from; version < to; version++) {
    const step = known.get(version)
    if (step === undefined) return undefined
    current = { ...step(current), schema: schemaOf(version + 1) }
  }
  return current
}
