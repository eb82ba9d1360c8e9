// What a pair can be asked to be, and what its routers' configurations and addresses follow from that.

import { Fault } from '../capture/fault.ts'
import type { Family } from '../events/packet.ts'
import type { InstanceSettings } from './keepalived-conf.ts'
import type { SenderExtras } from './sender-extras.ts'

export interface PairOptions {
  readonly version: 2 | 3
  readonly family: Family
  readonly vrid: number
  /** Seconds; whole ones for version 2. */
  readonly advertInterval: number
  readonly priority: number
  readonly backupPriority: number
  /** Version 2 only; 1 to 8 characters. */
  readonly password: string | undefined
  readonly isUnicast: boolean
  readonly extras: SenderExtras
}

export const defaultPair: PairOptions = {
  version: 2,
  family: 4,
  vrid: 205,
  advertInterval: 1,
  priority: 101,
  backupPriority: 100,
  password: 'drill-01',
  isUnicast: false,
  extras: {},
}

/** A router that does not belong to the pair and uses its VRID all the same. What is left out is as in the pair. */
export interface ForeignOptions {
  readonly priority?: number
  readonly advertInterval?: number
  readonly password?: string
  readonly vrid?: number
}

/** The address that a router's adverts come from: in IPv6 multicast it has to be a link-local one. */
export function sourceOf(options: PairOptions, host: number): string {
  if (options.family === 4) return `192.168.205.1${host}`
  return options.isUnicast ? `fd00:205::1${host}` : `fe80::1${host}`
}

export const addressesOf = (family: Family, host: number): readonly string[] =>
  family === 6 ? [`fe80::1${host}/64`, `fd00:205::1${host}/64`] : [`192.168.205.1${host}/24`]

/** VRRP for IPv6 needs a link-local address first (RFC 9568 section 5.2.9). */
const virtualAddressesOf = (family: Family, host: number): readonly string[] =>
  family === 6 ? [`fe80::${host}`, `fd00:205::${host}`] : [`192.168.205.${host}/24`]

export function checkPairOptions(options: PairOptions): void {
  const wrong = (what: string, remedy: string): never => {
    throw new Fault(what, remedy, 2)
  }
  const { version, family, vrid, advertInterval, password } = options
  const step = version === 2 ? 1 : 0.01
  const steps = Math.round(advertInterval / step)
  const most = version === 2 ? 255 : 4095
  if (family === 6 && version === 2) wrong('VRRPv2 knows no IPv6.', 'Use version 3 for an IPv6 pair.')
  if (!Number.isInteger(vrid) || vrid < 1 || vrid > 255) wrong(`${vrid} is no VRID.`, 'A VRID is 1 to 255.')
  if (!(steps >= 1 && steps <= most) || Math.abs(steps * step - advertInterval) > 1e-9) {
    wrong(
      `VRRPv${version} cannot advertise an interval of ${advertInterval} s.`,
      version === 2 ? 'Use whole seconds, 1 to 255.' : 'Use hundredths of a second, 0.01 to 40.95.',
    )
  }
  for (const priority of [options.priority, options.backupPriority]) {
    if (!Number.isInteger(priority) || priority < 1 || priority > 254) {
      wrong(`${priority} is no priority.`, 'A priority is 1 to 254.')
    }
  }
  if (password !== undefined && !/^[\w-]{1,8}$/.test(password)) {
    wrong('A VRRPv2 password has 1 to 8 characters.', 'Use letters, digits, - and _.')
  }
}

export function settingsOf(options: PairOptions, host: 1 | 2): InstanceSettings {
  return {
    name: `lb0${host}`,
    state: host === 1 ? 'MASTER' : 'BACKUP',
    version: options.version,
    vrid: options.vrid,
    priority: host === 1 ? options.priority : options.backupPriority,
    advertInterval: options.advertInterval,
    password: options.password,
    virtualAddresses: virtualAddressesOf(options.family, 7),
    unicast: options.isUnicast ? { from: sourceOf(options, host), to: [sourceOf(options, 3 - host)] } : undefined,
  }
}

export function foreignSettingsOf(options: PairOptions, host: number, other: ForeignOptions): InstanceSettings {
  return {
    ...settingsOf(options, 2),
    name: `lb0${host}`,
    state: 'MASTER',
    priority: other.priority ?? options.priority,
    advertInterval: other.advertInterval ?? options.advertInterval,
    password: other.password ?? 'foreign1',
    vrid: other.vrid ?? options.vrid,
    virtualAddresses: virtualAddressesOf(options.family, 8),
  }
}
