// Which file takes a probe's bytes, and cut into which units? One file a probe and part, whatever becomes of the tool.

import type { ProbeBytes } from '../capture/output.ts'
import type { Epoch } from '../time/instant.ts'
import { createIostatSamples } from './iostat-samples.ts'
import { createLogUnits } from './log-units.ts'
import type { MemberFile } from './member-file.ts'
import { memberNameOf } from './member-name.ts'
import { createPcapRecords, type PcapRecords } from './pcap-records.ts'
import { createScapBlocks } from './scap-blocks.ts'
import type { UnitStream } from './unit-stream.ts'
import { createWholeLines } from './whole-lines.ts'

/** One life of one tool. */
export interface Source {
  readonly units: UnitStream
  readonly life: number
}

export interface MemberRoutes {
  sourceOf(output: ProbeBytes): Source
  /** undefined while a pcap's header is not whole. */
  fileOf(source: Source, output: ProbeBytes): MemberFile | undefined
}

export interface RouteSettings {
  readonly origin: Epoch
  readonly keepsSecrets: boolean
  /** What comes was in a bundle before, where iostat's samples are lines. */
  readonly isCopy?: boolean
  /** Made when it is first asked for. */
  readonly memberOf: (name: string) => MemberFile
  /** A tool ended inside a unit, and speaks again now. */
  readonly onCutOff: (output: ProbeBytes) => void
}

interface Route extends Source {
  readonly pcap: PcapRecords | undefined
  file: MemberFile | undefined
}

interface PcapFile {
  readonly number: number
  readonly header: Uint8Array
  readonly name: string
}

export function createMemberRoutes({
  origin,
  keepsSecrets,
  isCopy = false,
  memberOf,
  onCutOff,
}: RouteSettings): MemberRoutes {
  const routes = new Map<string, Route>()
  const pcapFiles = new Map<string, PcapFile>()

  function unitsOf({ probe, part }: ProbeBytes): UnitStream {
    if (probe === 'sysdig') return createScapBlocks(origin, keepsSecrets)
    if (probe === 'log') return createLogUnits(part, origin)
    return probe === 'iostat' && !isCopy ? createIostatSamples() : createWholeLines()
  }

  function routeOf(output: ProbeBytes): Route {
    const key = `${output.probe} ${output.part}`
    const known = routes.get(key)
    if (known?.life === output.life) return known
    if (known !== undefined && known.units.end() > 0) onCutOff(output)
    const pcap = output.probe === 'tcpdump' ? createPcapRecords(keepsSecrets) : undefined
    const route = { units: pcap ?? unitsOf(output), pcap, life: output.life, file: undefined }
    routes.set(key, route)
    return route
  }

  /** One header for a whole file; a tcpdump that begins with another one (a link of another type) gets a further file. */
  function pcapFileOf(part: string, header: Uint8Array): MemberFile {
    const known = pcapFiles.get(part)
    if (known !== undefined && known.header.every((byte, i) => header[i] === byte)) return memberOf(known.name)
    const number = (known?.number ?? 0) + 1
    const name = memberNameOf('tcpdump', part, number)
    pcapFiles.set(part, { number, header, name })
    const file = memberOf(name)
    file.add(header.slice())
    return file
  }

  function firstFileOf({ pcap }: Route, { probe, part }: ProbeBytes): MemberFile | undefined {
    // All logs are in one file: each line bears the name of its own.
    if (pcap === undefined) return memberOf(memberNameOf(probe, probe === 'log' ? '' : part))
    return pcap.header === undefined ? undefined : pcapFileOf(part, pcap.header)
  }

  return {
    sourceOf: routeOf,
    fileOf(_, output) {
      const route = routeOf(output)
      route.file ??= firstFileOf(route, output)
      return route.file
    },
  }
}
