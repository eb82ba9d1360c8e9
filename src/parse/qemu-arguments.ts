// What a qemu was told on its command line: network devices, disks, I/O threads. libvirt writes JSON, people write commas:
//
//   -netdev {"type":"tap","fd":"31","vhost":true,"vhostfd":"33","id":"hostnet0"}
//   -netdev tap,fd=26,id=hostnet0,vhost=on,vhostfd=27
//   -blockdev {"driver":"file","filename":"/var/lib/nova/…/disk","node-name":"libvirt-1-storage","cache":{"direct":true}}
//   -drive file=/srv/lb01.img,format=raw,if=none,id=d0,cache=none,aio=native
//
// Source: qemu(1), libvirt's qemu_command.c.

export interface Netdev {
  readonly id: string
  /** Its tap by name, where the command line says it. */
  readonly tap: string | undefined
  readonly tapFds: readonly number[]
  readonly isVhostAsked: boolean
  readonly vhostFds: readonly number[]
}

export interface Disk {
  readonly file: string
  /** `none`, `writeback` …; undefined: not said, which is writeback. */
  readonly cache: string | undefined
  readonly aio: string | undefined
}

export interface QemuArguments {
  readonly netdevs: readonly Netdev[]
  readonly disks: readonly Disk[]
  readonly ioThreads: number
}

type Options = ReadonlyMap<string, string>

const isTrue = (text: string | undefined): boolean => text === 'on' || text === 'true' || text === 'yes'

/** A comma inside a value is written twice. The word before the first `=` is the type. */
function commaOptions(text: string): Options {
  const options = new Map<string, string>()
  text
    .replaceAll(',,', '\0')
    .split(',')
    .forEach((part, i) => {
      const at = part.indexOf('=')
      const key = at === -1 ? (i === 0 ? 'type' : part) : part.slice(0, at)
      options.set(key, (at === -1 ? part : part.slice(at + 1)).replaceAll('\0', ','))
    })
  return options
}

/** Nested members as `cache.direct`. undefined when it is no JSON object. */
function jsonOptions(text: string): Options | undefined {
  const options = new Map<string, string>()
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`)
    else options.set(path, String(value))
  }
  try {
    walk(JSON.parse(text), '')
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  return options
}

const optionsOf = (text: string): Options =>
  (text.startsWith('{') ? jsonOptions(text) : undefined) ?? commaOptions(text)

function valuesOf(args: readonly string[], name: string): string[] {
  return args.flatMap((arg, i) => {
    const value = args[i + 1]
    return (arg === `-${name}` || arg === `--${name}`) && value !== undefined ? [value] : []
  })
}

const numbersIn = (text: string | undefined): number[] =>
  (text ?? '')
    .split(':')
    .filter((one) => /^\d+$/.test(one))
    .map(Number)

function netdevOf(options: Options): Netdev | undefined {
  if (options.get('type') !== 'tap') return undefined
  const vhostFds = [...numbersIn(options.get('vhostfd')), ...numbersIn(options.get('vhostfds'))]
  return {
    id: options.get('id') ?? '',
    tap: options.get('ifname'),
    tapFds: [...numbersIn(options.get('fd')), ...numbersIn(options.get('fds'))],
    isVhostAsked: isTrue(options.get('vhost')) || isTrue(options.get('vhostforce')) || vhostFds.length > 0,
    vhostFds,
  }
}

function cacheOf(options: Options): string | undefined {
  const direct = options.get('cache.direct') ?? options.get('file.cache.direct')
  return options.get('cache') ?? (direct === undefined ? undefined : isTrue(direct) ? 'none' : 'writeback')
}

function diskOf(options: Options): Disk | undefined {
  const file = options.get('file') ?? options.get('filename') ?? options.get('file.filename')
  if (file === undefined) return undefined
  return { file, cache: cacheOf(options), aio: options.get('aio') ?? options.get('file.aio') }
}

export function qemuArgumentsOf(args: readonly string[]): QemuArguments {
  const disks = [...valuesOf(args, 'drive'), ...valuesOf(args, 'blockdev')].map(optionsOf)
  return {
    netdevs: valuesOf(args, 'netdev').flatMap((text) => netdevOf(optionsOf(text)) ?? []),
    disks: disks.flatMap((options) => diskOf(options) ?? []),
    ioThreads: valuesOf(args, 'object').filter((text) => {
      const options = optionsOf(text)
      return (options.get('qom-type') ?? options.get('type')) === 'iothread'
    }).length,
  }
}
