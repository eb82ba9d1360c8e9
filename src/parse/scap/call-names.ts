// What a call is called. Calls without an event type of their own come as generic events with a PPM_SC code; a driver
// that does not know the call writes code 0, and then the native number (x86_64) names it.

import type { NameId } from '../../events/kernel.ts'
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
    return (this.#types[type] ??= this.#idOf(typeNames[type] ?? 'unknown'))
  }

  ofGeneric(code: number, native: number): NameId {
    if (code === 0)
      return nativeNames.has(native) ? (this.#natives[native] ??= this.#idOf(genericName(0, native))) : this.#unknown()
    return codeNames.has(code) ? (this.#codes[code] ??= this.#idOf(genericName(code, native))) : this.#unknown()
  }

  #unknown(): NameId {
    return (this.#codes[0] ??= this.#idOf('unknown'))
  }
}

export function genericName(code: number, native: number): string {
  return (code === 0 ? nativeNames.get(native) : codeNames.get(code)) ?? 'unknown'
}
