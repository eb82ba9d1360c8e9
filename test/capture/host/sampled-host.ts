// A sampler that runs in the test's own thread, and what the parser makes of its lines.

import { release } from 'node:os'
import { openOwnClock } from '../../../src/capture/own-clock.ts'
import type { ProbeOutput } from '../../../src/capture/output.ts'
import { openSamplingLoop } from '../../../src/capture/host/sampling-loop.ts'
import type { HostSample, Sender } from '../../../src/events/host.ts'
import { createHostParser } from '../../../src/parse/host.ts'

export interface SampledHost {
  readonly samples: HostSample[]
  readonly facts: Readonly<Record<string, number | string>>[]
  readonly senders: (readonly Sender[])[]
  readonly notices: ProbeOutput[]
  readonly malformed: string[]
  readonly lines: string[]
  /** Waits until something is so; fails after 10 s. */
  until<T>(what: string, ask: () => T | undefined): Promise<T>
  close(): void
}

const patienceMs = 10_000

export function sampleThisHost(): SampledHost {
  const clock = openOwnClock()
  const host = {
    samples: [] as HostSample[],
    facts: [] as Readonly<Record<string, number | string>>[],
    senders: [] as (readonly Sender[])[],
    notices: [] as ProbeOutput[],
    malformed: [] as string[],
    lines: [] as string[],
  }
  const parser = createHostParser({
    origin: clock.origin,
    sink: {
      sample: (sample) => host.samples.push(sample),
      facts: (_at, facts) => host.facts.push(facts),
      senders: (_at, senders) => host.senders.push(senders),
      malformed: ({ reason }) => host.malformed.push(reason),
      ignored: (kind) => host.malformed.push(`ignored ${kind}`),
    },
  })
  const loop = openSamplingLoop({ clock, identity: { os: 'test' }, version: release() }, (output) => {
    if (output.kind !== 'bytes') return void host.notices.push(output)
    host.lines.push(Buffer.from(output.bytes).toString())
    return parser.push(output.bytes)
  })
  return {
    ...host,
    async until(what, ask) {
      const deadlineMs = performance.now() + patienceMs
      for (;;) {
        const answer = ask()
        if (answer !== undefined) return answer
        if (performance.now() > deadlineMs) throw new Error(`not seen in ${patienceMs} ms: ${what}`)
        await new Promise((resolve) => {
          setTimeout(resolve, 20)
        })
      }
    },
    close: () => loop.close(),
  }
}
