// Which parser reads what a probe says, and into which intake.
//
//   tcpdump ─▶ packets      bpftrace ─▶ bpftrace's intake     host ─▶ samples, senders, notes
//   sysdig  ─▶ the vantage  iostat   ─▶ disks                 log  ─▶ lines

import type { HostSink } from '../events/host.ts'
import type { LogSink } from '../events/log.ts'
import type { StreamParser } from '../events/outcome.ts'
import type { ProbeName } from '../events/probe.ts'
import { createBpftraceParser } from '../parse/bpftrace.ts'
import { createHostParser } from '../parse/host.ts'
import { createIostatParser } from '../parse/iostat.ts'
import { createIostatTextParser } from '../parse/iostat/text.ts'
import { createKeepalivedLogParser } from '../parse/keepalived-log.ts'
import { createCaptureParser } from '../parse/pcap/capture-parser.ts'
import { createSniffingParser } from '../parse/sniffing-parser.ts'
import type { DiskSink } from '../events/disk.ts'
import type { Epoch } from '../time/instant.ts'
import type { KernelIntake } from './intake/kernel-intake.ts'
import type { KernelVantages } from './kernels/kernel-vantages.ts'
import type { PacketIntake } from './intake/packet-intake.ts'
import type { Senders } from './senders/senders.ts'
import type { SessionClock } from './session-clock.ts'
import { tappedPackets, type Tapped } from './intake/watched-packets.ts'

export interface InputSettings extends Tapped {
  readonly origin: Epoch
  /** What the only link is called, where the capture does not say. */
  readonly link: string | undefined
  /** Block devices by `major:minor`. */
  readonly devices?: Readonly<Record<string, string>>
}

export interface Intakes {
  readonly packets: PacketIntake
  readonly kernels: Pick<KernelVantages, 'of'>
  readonly bpftrace: KernelIntake
  /** Asked for with each life of its probe. */
  readonly disks: () => DiskSink
  readonly host: () => HostSink
  readonly log: LogSink
  readonly clock: SessionClock
  readonly senders: Senders
  /** As it was told last. */
  readonly linkName: (index: number) => string | undefined
}

const openIostat = (origin: Epoch, sink: DiskSink): StreamParser =>
  createSniffingParser((kind) =>
    kind === 'iostat-text' ? createIostatTextParser({ origin, sink }) : createIostatParser({ origin, sink }),
  )

/** Opens the parser for one life of a probe. */
export function openInputParser(
  settings: InputSettings,
  { packets, kernels, bpftrace, disks, host, log, clock, senders, linkName }: Intakes,
): (probe: ProbeName, part: string) => StreamParser {
  const { origin } = settings
  return (probe, part) => {
    switch (probe) {
      case 'tcpdump':
        return createCaptureParser({
          origin,
          link: part === '' ? settings.link : part,
          linkName,
          ...tappedPackets(packets.sinkOf(part), settings),
        })
      case 'sysdig':
        return kernels.of(part).openParser()
      case 'bpftrace':
        return createBpftraceParser({
          instantAt: (ns) => clock.instantAt(ns),
          sink: bpftrace,
          fileOf: (pid, fd) => senders.fileOf(pid, fd),
          deviceOf: (major, minor) => settings.devices?.[`${major}:${minor}`],
        })
      case 'iostat':
        return openIostat(origin, disks())
      case 'host':
        return createHostParser({ origin, sink: host() })
      case 'log':
        return createKeepalivedLogParser({ origin, file: part, sink: log })
    }
  }
}
