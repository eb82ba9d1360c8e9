// What a call is called. Calls without an event type of their own come as generic events with a PPM_SC code; a driver
// that does not know the call writes code 0, and then the native number (x86_64) names it.

import { nameNotKept, type NameId } from '../../events/kernel.ts'
import { codeNames, nativeNames, typeNames } from './event-tables.ts'

/** Asks for the id of each name once. */
export class CallNames {
  readonly #idOf: (text: string) => NameId
  readonly #types: (NameId | undefined)[] = []
  readonly #codes: (NameId | undefined)[] = []
  readonly #natives: (NameId | undefined)[] = []

  constructor(idOf: (text: string) => NameId) {
    this.#idOf = idOf
  }

  ofType(type: number): NameId {
    return this.#types[type] ?? this.#ask(this.#types, type, typeNames[type] ?? 'unknown')
  }

  ofGeneric(code: number, native: number): NameId {
    if (code !== 0) return codeNames.has(code) ? this.#ofKnown(this.#codes, code, code, native) : this.#unknown()
    return nativeNames.has(native) ? this.#ofKnown(this.#natives, native, code, native) : this.#unknown()
  }

  /** Sets 1 at each id that was asked for. */
  markNames(used: Uint8Array): void {
    for (const ids of [this.#types, this.#codes, this.#natives])
      for (const id of ids) if (id !== undefined) used[id] = 1
  }

  #ofKnown(ids: (NameId | undefined)[], index: number, code: number, native: number): NameId {
    return ids[index] ?? this.#ask(ids, index, genericName(code, native))
  }

  #unknown(): NameId {
    return this.#codes[0] ?? this.#ask(this.#codes, 0, 'unknown')
  }

  /** For good, unless there was no room for it. */
  #ask(ids: (NameId | undefined)[], index: number, text: string): NameId {
    const id = this.#idOf(text)
    if (id !== nameNotKept) ids[index] = id
    return id
  }
}

export function genericName(code: number, native: number): string {
  return (code === 0 ? nativeNames.get(native) : codeNames.get(code)) ?? 'unknown'
}
