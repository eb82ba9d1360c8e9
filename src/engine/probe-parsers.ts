// Which parser reads a probe's bytes: one for each probe, vantage point and life of the tool.

import type { StreamParser } from '../events/outcome.ts'
import type { ProbeName } from '../events/probe.ts'
import type { MarkNames } from '../store/names.ts'

export interface ProbeParsers {
  of(probe: ProbeName, part: string, life: number): StreamParser
  /** All input is in: what is half read is malformed. */
  end(): void
  readonly markNames: MarkNames
}

export function createProbeParsers(open: (probe: ProbeName, part: string) => StreamParser): ProbeParsers {
  const parsers = new Map<string, { readonly parser: StreamParser; readonly life: number }>()
  return {
    of(probe, part, life) {
      const key = `${probe} ${part}`
      const known = parsers.get(key)
      if (known?.life === life) return known.parser
      known?.parser.end()
      const parser = open(probe, part)
      parsers.set(key, { parser, life })
      return parser
    },
    end() {
      for (const { parser } of parsers.values()) parser.end()
    },
    markNames(used) {
      for (const { parser } of parsers.values()) parser.markNames?.(used)
    },
  }
}
