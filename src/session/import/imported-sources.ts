// The files that a bundle was made of, read from the bundle: the same sources in the same order as when they were files.

import { epochOf, type Epoch } from '../../time/instant.ts'
import type { Source, SourcePiece } from './import-sources.ts'
import type { Bundle } from '../../bundle/bundle.ts'

type Imported = NonNullable<Bundle['manifest']['imported']>

async function* piecesOf(bundle: Bundle, members: readonly string[]): AsyncGenerator<SourcePiece> {
  for (const name of members) {
    if (!bundle.names.includes(name)) continue
    for await (const one of bundle.read(name)) {
      if (one.kind === 'bytes') yield { bytes: one.bytes }
      else if (one.kind === 'hole') yield { torn: 'a part of the recording is damaged here' }
    }
  }
}

export function sourcesOf(bundle: Bundle, imported: Imported): Source[] {
  const named = new Set<string>()
  /** A manifest that names a member over and over would have it played over and over. */
  const once = (members: readonly string[]): string[] =>
    members.filter((name) => {
      const isNew = !named.has(name)
      named.add(name)
      return isNew
    })
  return imported.sources.map(({ probe, part, link, name, beginsNs, members }) => {
    const own = once(members)
    return {
      probe,
      part,
      link,
      name,
      kind: 'unknown',
      beginsAt: beginsNs === undefined ? undefined : epochOf(BigInt(beginsNs)),
      host: bundle.manifest.host.name === '' ? undefined : bundle.manifest.host.name,
      read: () => piecesOf(bundle, own),
    }
  })
}

export const beginOf = (imported: Imported): Epoch => epochOf(BigInt(imported.beginsNs))
