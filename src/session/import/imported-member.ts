// One captured file on its way into a bundle: its bytes in, whole units without secrets out, into the member that is its
// own, or into several. What cannot be understood cannot be cleaned, and stays behind.

import type { StreamParser } from '../../events/outcome.ts'
import type { Epoch } from '../../time/instant.ts'
import type { Source } from './import-sources.ts'
import { createCapturedPackets } from '../../bundle/captured-packets.ts'
import { createIostatSamples } from '../../bundle/iostat-samples.ts'
import { createLogUnits } from '../../bundle/log-units.ts'
import type { MemberFile } from '../../bundle/member-file.ts'
import { memberNameOf } from '../../bundle/member-name.ts'
import { createScapBlocks } from '../../bundle/scap-blocks.ts'
import { createSysdigRows } from '../../bundle/sysdig-rows.ts'
import type { UnitStream } from '../../bundle/unit-stream.ts'

export interface ImportedMember extends StreamParser {
  readonly files: readonly MemberFile[]
  /** Bytes that are not in the bundle because nobody could understand them. */
  readonly lostBytes: number
}

export interface ImportedMemberSettings {
  readonly origin: Epoch
  readonly keepsSecrets: boolean
  /** A file of this name, new or the one that there is. */
  readonly memberOf: (name: string) => MemberFile
  readonly isTaken: (name: string) => boolean
}

const mostFiles = 99

/** Two vantage points may come to the same letters. */
function freeName(source: Source, settings: ImportedMemberSettings, ending?: string): string {
  for (let number = 1; ; number++) {
    const name = memberNameOf(source.probe, source.part, number, ending)
    if (!settings.isTaken(name)) return name
  }
}

function captureMember(source: Source, settings: ImportedMemberSettings): ImportedMember {
  const files: MemberFile[] = []
  let lostBytes = 0
  const format = source.kind === 'pcapng' ? 'pcapng' : 'pcap'
  const open = (): { add(bytes: Uint8Array): void } => {
    if (files.length >= mostFiles) return { add: (bytes) => void (lostBytes += bytes.length) }
    const file = settings.memberOf(freeName(source, settings, `.${format}`))
    files.push(file)
    return file
  }
  const { origin, keepsSecrets } = settings
  const packets = createCapturedPackets({ origin, format, keepsSecrets, open })
  return {
    push: (bytes) => packets.push(bytes),
    end: () => packets.end(),
    files,
    get lostBytes() {
      return lostBytes
    },
  }
}

/** `pass`: what is no secret of anybody goes as it is. */
const pass = (): UnitStream => ({ push: (bytes) => bytes.slice(), end: () => 0, takeLost: () => 0 })

function unitMember(file: MemberFile, units: UnitStream): ImportedMember {
  let lostBytes = 0
  const add = (bytes: Uint8Array): void => {
    if (bytes.length > 0) file.add(bytes)
    lostBytes += units.takeLost()
  }
  return {
    push: (bytes) => add(units.push(bytes)),
    end() {
      units.end()
      add(units.push(new Uint8Array(0)))
    },
    files: [file],
    get lostBytes() {
      return lostBytes
    },
  }
}

function logMember(source: Source, { origin, memberOf }: ImportedMemberSettings): ImportedMember {
  const file = memberOf(memberNameOf('log', ''))
  const units = createLogUnits(source.name, origin)
  return {
    push: (bytes) => file.add(units.push(bytes)),
    // A last line without its line feed is one, too.
    end: () => file.add(units.push(Uint8Array.of(0x0a))),
    files: [file],
    lostBytes: 0,
  }
}

export function openImportedMember(source: Source, settings: ImportedMemberSettings): ImportedMember {
  const { origin, keepsSecrets, memberOf } = settings
  const fileFor = (ending?: string): MemberFile => memberOf(freeName(source, settings, ending))
  switch (source.probe) {
    case 'tcpdump':
      return captureMember(source, settings)
    case 'sysdig':
      return source.kind === 'sysdig-text'
        ? unitMember(fileFor('.tsv.gz'), keepsSecrets ? pass() : createSysdigRows())
        : unitMember(fileFor(), createScapBlocks(origin, keepsSecrets))
    case 'iostat':
      return source.kind === 'iostat-text'
        ? unitMember(fileFor('.txt.gz'), pass())
        : unitMember(fileFor(), createIostatSamples())
    case 'log':
      return logMember(source, settings)
    case 'host':
    case 'bpftrace':
      return unitMember(fileFor(), pass())
  }
}
