// The host's CPUs and clocks: sleep states, governor, real-time limits, interrupts, clock source, the host's own host.

import { host, type Finding } from './finding.ts'
import type { HostTree } from './host-tree.ts'

function governorFinding(tree: HostTree): Finding[] {
  const file = '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'
  const governor = tree.text(file)
  if (governor === undefined) return []
  const base = { id: 'governor', subject: host, read: [{ where: file, value: governor }], causes: [] }
  if (governor === 'performance') return [{ ...base, grade: 'fine', says: 'The CPUs run at full speed.' }]
  return [
    {
      ...base,
      grade: 'note',
      says: `The CPU governor is ${governor}.`,
      why: 'it slows what runs after idleness by fractions of a millisecond: jitter, never a late advert by itself',
      source: 'kernel, Documentation/admin-guide/pm/cpufreq.rst',
      change: 'tuned-adm profile virtual-host, or cpupower frequency-set -g performance',
    },
  ]
}

const deepUs = 200

function idleFinding(tree: HostTree): Finding[] {
  const folder = '/sys/devices/system/cpu/cpu0/cpuidle'
  const states = tree
    .names(folder)
    .filter((name) => name.startsWith('state'))
    .filter((name) => tree.number(`${folder}/${name}/disable`) !== 1)
    .map((name) => ({
      name: tree.text(`${folder}/${name}/name`) ?? name,
      latencyUs: tree.number(`${folder}/${name}/latency`) ?? 0,
    }))
  const deepest = states.toSorted((a, b) => b.latencyUs - a.latencyUs)[0]
  if (deepest === undefined) return []
  const base = {
    id: 'c-states',
    subject: host,
    read: [{ where: folder, value: `${deepest.name}, ${deepest.latencyUs} µs` }],
    causes: [],
  }
  if (deepest.latencyUs < deepUs) return [{ ...base, grade: 'fine', says: 'No deep sleep state is allowed.' }]
  return [
    {
      ...base,
      grade: 'note',
      says: `The CPUs may sleep so deeply that waking takes ${deepest.latencyUs} µs.`,
      why: 'jitter on an idle host, never a late advert by itself',
      source: 'kernel, Documentation/admin-guide/pm/cpuidle.rst',
      change: 'tuned-adm profile latency-performance',
    },
  ]
}

const goodClocks = new Set(['tsc', 'kvm-clock', 'hyperv_clocksource_tsc_page', 'arch_sys_counter', 'xen'])

function clockFinding(tree: HostTree): Finding[] {
  const file = '/sys/devices/system/clocksource/clocksource0/current_clocksource'
  const source = tree.text(file)
  if (source === undefined) return []
  const base = {
    id: 'clocksource',
    subject: host,
    read: [{ where: file, value: source }],
    causes: ['clock-step'] as const,
  }
  if (goodClocks.has(source)) return [{ ...base, grade: 'fine', says: `The clock source is ${source}.` }]
  return [
    {
      ...base,
      grade: 'risk',
      says: `The clock source is ${source}: the kernel does not trust the TSC.`,
      why: 'reading such a clock is slow, and it is chosen after the TSC was found unstable: times jump where it was noticed',
      source: 'kernel, Documentation/timers/timekeeping.rst; dmesg | grep clocksource',
      change: 'look for “Marking clocksource tsc unstable” in dmesg; firmware, or tsc=reliable only if that is true',
    },
  ]
}

function realtimeFinding(tree: HostTree): Finding[] {
  const file = '/proc/sys/kernel/sched_rt_runtime_us'
  const runtime = tree.number(file)
  if (runtime === undefined) return []
  const base = {
    id: 'rt-throttling',
    subject: host,
    read: [{ where: file, value: String(runtime) }],
    causes: ['sender-starved'] as const,
  }
  if (runtime >= 0) return [{ ...base, grade: 'fine', says: 'Real-time threads leave the others their share of time.' }]
  return [
    {
      ...base,
      grade: 'risk',
      says: 'Real-time threads may take a CPU for ever (RT throttling is off).',
      why: 'one SCHED_FIFO loop then starves every ordinary thread on its CPU, a vCPU or keepalived too',
      source: 'kernel, Documentation/scheduler/sched-rt-group.rst',
      change: `echo 950000 > ${file}`,
    },
  ]
}

function irqFinding(tree: HostTree, comms: ReadonlySet<string>): Finding[] {
  const spread = tree.text('/proc/irq/default_smp_affinity')
  if (spread === undefined) return []
  const isBalanced = comms.has('irqbalance')
  const base = {
    id: 'irq-balance',
    subject: host,
    read: [
      { where: 'irqbalance', value: isBalanced ? 'runs' : 'does not run' },
      { where: '/proc/irq/default_smp_affinity', value: spread },
    ],
    causes: ['sender-starved'] as const,
  }
  if (isBalanced) return [{ ...base, grade: 'fine', says: 'Interrupts are spread by irqbalance.' }]
  return [
    {
      ...base,
      grade: 'note',
      says: 'irqbalance does not run: unless they were placed by hand, nobody spreads the interrupts over the CPUs.',
      why: 'all of a network card’s interrupts on the CPU of a vCPU take its time',
      source: 'irqbalance(1)',
      change: 'look at /proc/interrupts; systemctl enable --now irqbalance, or place them by hand',
    },
  ]
}

/** Ticks of 1/100 s; the eighth number of the first line. */
function stealFinding(tree: HostTree): Finding[] {
  const fields = /^cpu +(.*)$/m
    .exec(tree.text('/proc/stat') ?? '')?.[1]
    ?.split(' ')
    .map(Number)
  const steal = fields?.[7]
  if (fields === undefined || steal === undefined) return []
  const share =
    steal /
    Math.max(
      1,
      fields.slice(0, 8).reduce((sum, one) => sum + one, 0),
    )
  const read = [{ where: '/proc/stat steal', value: `${(share * 100).toFixed(2)} % since boot` }]
  const base = { id: 'steal', subject: host, read, causes: ['host-frozen', 'sender-starved'] as const }
  if (share < 0.001) return [{ ...base, grade: 'fine', says: 'Nobody takes CPU time from this host.' }]
  return [
    {
      ...base,
      grade: share > 0.02 ? 'risk' : 'note',
      says: `This host is itself a guest, and its own host took ${(share * 100).toFixed(2)} % of its CPU time.`,
      why: 'what runs here stands still meanwhile, without any trace here but this counter',
      source: 'proc(5), /proc/stat',
      change: 'look at the outer host: whylate there',
    },
  ]
}

export function cpuFindings(tree: HostTree, comms: ReadonlySet<string>): Finding[] {
  return [
    ...governorFinding(tree),
    ...idleFinding(tree),
    ...clockFinding(tree),
    ...realtimeFinding(tree),
    ...irqFinding(tree, comms),
    ...stealFinding(tree),
  ]
}
