// What keepalived was told that can hold its loop, or make a punctual advert count as late.

import type { Finding, Reading } from './finding.ts'
import type { HostTree } from './host-tree.ts'
import { blocksOf, parseKeepalivedConf, valueOf, type Block } from './keepalived-conf.ts'
import type { Router } from './parties.ts'

function pathOf(args: readonly string[]): string {
  const at = args.findIndex((arg) => arg === '-f' || arg === '--use-file')
  const joined = args.find((arg) => arg.startsWith('--use-file='))?.slice('--use-file='.length)
  return joined ?? (at === -1 ? undefined : args[at + 1]) ?? '/etc/keepalived/keepalived.conf'
}

const instancesOf = (blocks: readonly Block[]): readonly Block[] => blocksOf(blocks, 'vrrp_instance')
const nameOf = ({ words }: Block): string => words[1] ?? '?'

interface Conf {
  readonly subject: string
  readonly path: string
  readonly blocks: readonly Block[]
  readonly args: readonly string[]
}

const readingOf = ({ path }: Conf, value: string): Reading => ({ where: path, value })

function intervalFindings(conf: Conf): Finding[] {
  const causes = ['unknown'] as const
  return instancesOf(conf.blocks).flatMap((instance): Finding[] => {
    const seconds = Number(valueOf(instance, 'advert_int') ?? '1')
    const version =
      valueOf(instance, 'version') ??
      blocksOf(conf.blocks, 'global_defs')
        .map((one) => valueOf(one, 'vrrp_version'))
        .at(-1) ??
      '2'
    const read = [readingOf(conf, `vrrp_instance ${nameOf(instance)}: advert_int ${seconds}, version ${version}`)]
    const base = { id: 'advert-int', subject: conf.subject, read, causes }
    if (version !== '3' && seconds % 1 !== 0)
      return [
        {
          ...base,
          grade: 'risk',
          says: `VRRPv2 knows whole seconds only, and ${nameOf(instance)} asks for ${seconds} s.`,
          why: 'old builds make 0 of it and flood; a peer with another rounding drops every advert',
          source: 'github.com/acassen/keepalived/issues/1615',
          change: 'vrrp_version 3, or whole seconds',
        },
      ]
    if (seconds > 0 && seconds < 0.5)
      return [
        {
          ...base,
          grade: 'note',
          says: `${nameOf(instance)} lets the backup wait ${(3 * seconds).toFixed(2)} s and a little: a stall of that length is a takeover.`,
          why: 'Master_Down_Interval is three intervals and the skew time',
          source: 'RFC 9568 section 6.1',
          change: 'advert_int 1 where the guests share their host',
        },
      ]
    return [{ ...base, grade: 'fine', says: `${nameOf(instance)} sends each ${seconds} s.` }]
  })
}

function sharedRouterFindings(conf: Conf): Finding[] {
  const taken = new Map<string, string[]>()
  for (const instance of instancesOf(conf.blocks)) {
    const family = blocksOf(instance.inside, 'native_ipv6').length > 0 ? 'IPv6' : 'IPv4'
    const key = `${valueOf(instance, 'interface') ?? '?'} VRID ${valueOf(instance, 'virtual_router_id') ?? '?'} ${family}`
    taken.set(key, [...(taken.get(key) ?? []), nameOf(instance)])
  }
  return [...taken]
    .filter(([, names]) => names.length > 1)
    .map(([key, names]) => ({
      id: 'shared-vrid',
      subject: conf.subject,
      grade: 'risk' as const,
      says: `${names.join(' and ')} share ${key}.`,
      read: [readingOf(conf, key)],
      why: 'each advert of the one re-arms the timer of the other, even when it is rejected',
      source: 'keepalived, vrrp_dispatcher_read; github.com/acassen/keepalived/issues/2444',
      change: 'one VRID for each virtual router on a link',
      causes: ['foreign-vrid'] as const,
    }))
}

function scriptFindings(conf: Conf): Finding[] {
  const scripts = blocksOf(conf.blocks, 'vrrp_script')
  const slack = scripts.filter((one) => valueOf(one, 'timeout') === undefined)
  const causes = ['planned', 'sender-blocked'] as const
  if (scripts.length === 0) return []
  const read = [readingOf(conf, `vrrp_script: ${scripts.map(nameOf).join(', ')}`)]
  if (slack.length === 0)
    return [
      {
        id: 'check-scripts',
        subject: conf.subject,
        grade: 'fine',
        says: 'Each check script has a timeout.',
        read,
        causes,
      },
    ]
  return [
    {
      id: 'check-scripts',
      subject: conf.subject,
      grade: 'note',
      says: `${slack.map(nameOf).join(', ')} ${slack.length === 1 ? 'has' : 'have'} no timeout.`,
      read,
      why: 'a script that hangs changes the priority or the state, which looks like a late advert from outside',
      source: 'github.com/acassen/keepalived/issues/2519',
      change: 'timeout 5 in each vrrp_script',
      causes,
    },
  ]
}

function loopFindings(conf: Conf): Finding[] {
  const global = blocksOf(conf.blocks, 'global_defs').flatMap(({ inside }) => inside)
  const words = new Set(global.map(({ words: [first = ''] }) => first))
  const hasSnmp =
    conf.args.some((arg) => arg === '-x' || arg === '--snmp') || [...words].some((one) => one.startsWith('enable_snmp'))
  const hasMail = words.has('smtp_server') || words.has('smtp_alert') || words.has('smtp_alert_vrrp')
  const isDetailed = conf.args.some(
    (arg) => arg === '-D' || arg === '--log-detail' || /^-[a-zA-Z]*D[a-zA-Z]*$/.test(arg),
  )
  const base = { subject: conf.subject, grade: 'note' as const, causes: ['sender-blocked'] as const }
  return [
    ...(hasSnmp
      ? [
          {
            ...base,
            id: 'snmp',
            says: 'It is an SNMP agent (AgentX).',
            read: [readingOf(conf, 'enable_snmp or -x')],
            why: 'it pings snmpd from the loop that sends adverts and waits a second for the answer',
            source: 'github.com/acassen/keepalived/issues/2195',
            change: 'without SNMP, or a newer keepalived and net-snmp',
          },
        ]
      : []),
    ...(hasMail
      ? [
          {
            ...base,
            id: 'mail',
            says: 'It mails at changes of state.',
            read: [readingOf(conf, 'smtp_server')],
            why: 'old versions look up names and close connections in the loop that sends adverts: a flap causes a mail that causes a flap',
            source: 'keepalived, commit 9d028acd; github.com/acassen/keepalived/pull/2475',
            change: 'a notify script that mails, or keepalived 2.3.2 and later',
          },
        ]
      : []),
    ...(isDetailed
      ? [
          {
            ...base,
            id: 'log-detail',
            says: 'It logs in detail (-D).',
            read: [{ where: 'its command line', value: '-D' }],
            why: 'each line is a blocking write to /dev/log: a syslog that hangs holds the loop',
            source: 'rsyslog.com/doc, “queue full”; github.com/acassen/keepalived/issues/2271',
            change: 'less detail, or -G with -g FILE on a tmpfs',
          },
        ]
      : []),
  ]
}

/** Longest mount point that the path lies below. */
function mountOf(mountinfo: string, path: string): { readonly type: string; readonly point: string } | undefined {
  const mounts = [...mountinfo.matchAll(/^\d+ \d+ \S+ \S+ (\S+) .*?- (\S+) /gm)].map(([, point = '', type = '']) => ({
    point,
    type,
  }))
  return mounts
    .filter(({ point }) => point === '/' || path === point || path.startsWith(`${point}/`))
    .toSorted((a, b) => a.point.length - b.point.length)
    .at(-1)
}

/** What is written there waits for no disk; an initramfs is `rootfs`. */
const inMemory: ReadonlySet<string> = new Set(['tmpfs', 'ramfs', 'rootfs'])

/** Statistics, data and JSON go where the signal's sender cannot choose: /tmp, unless the configuration says otherwise. */
function dumpFinding(tree: HostTree, router: Router, conf: Conf): Finding[] {
  const mount = mountOf(tree.text(`/proc/${router.pid}/mountinfo`) ?? '', '/tmp')
  if (mount === undefined) return []
  const read = [{ where: `/proc/${router.pid}/mountinfo /tmp`, value: `${mount.type} on ${mount.point}` }]
  const base = { id: 'dump-files', subject: conf.subject, read, causes: ['sender-blocked'] as const }
  if (inMemory.has(mount.type)) return [{ ...base, grade: 'fine', says: 'What it dumps goes to memory.' }]
  return [
    {
      ...base,
      grade: 'note',
      says: `What it dumps (SIGUSR1, SIGUSR2, JSON) goes to ${mount.type}, and is written from the loop that sends adverts.`,
      why: 'an exporter that asks for statistics while that disk is slow delays adverts',
      source: 'github.com/acassen/keepalived/issues/2494',
      change: 'a tmpfs for /tmp, or state_dump_file and stats_dump_file on /run (2.3.3 and later)',
    },
  ]
}

export function settingFindings(tree: HostTree, router: Router): Finding[] {
  const path = pathOf(router.args)
  const text = tree.text(`/proc/${router.pid}/root${path}`) ?? tree.text(path)
  const unread: Finding = {
    id: 'keepalived-conf',
    subject: router.subject,
    grade: 'unseen',
    says: `Its configuration could not be read.`,
    read: [{ where: path, value: 'not readable' }],
    change: 'run whylate audit as root',
    causes: [],
  }
  const conf: Conf = { subject: router.subject, path, args: router.args, blocks: parseKeepalivedConf(text ?? '') }
  const included: Finding[] =
    blocksOf(conf.blocks, 'include').length === 0
      ? []
      : [
          {
            ...unread,
            says: 'Its configuration includes other files, which were not read.',
            read: [readingOf(conf, 'include')],
            change: 'look at them by hand',
          },
        ]
  return [
    ...(text === undefined ? [unread] : []),
    ...included,
    ...intervalFindings(conf),
    ...sharedRouterFindings(conf),
    ...scriptFindings(conf),
    ...loopFindings(conf),
    ...dumpFinding(tree, router, conf),
  ]
}
