// What the files of a cgroup say, in both versions: was it throttled, is it frozen, did it run out of memory.
//
//   cpu.stat       v1  nr_periods 21 nr_throttled 21 throttled_time 21041325049              (ns)
//                  v2  usage_usec 7020 ... nr_periods 21 nr_throttled 21 throttled_usec 21041325
//   freezer.state  v1  THAWED | FREEZING | FROZEN
//   cgroup.events  v2  populated 1 frozen 0          (frozen: itself or one above it)
//   memory.events  v2  low 0 high 12 max 3 oom 0 oom_kill 0
//   memory.failcnt v1  3
//
// "key value" pairs stand on lines of their own in the kernel; the sampler of the incidents joined them with spaces.
// Source: Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst. Counters run since the cgroup began.

export type CgroupFiles = Readonly<Record<string, string>>

export interface Throttling {
  readonly throttledNs: number
  readonly throttledPeriods: number
}

export interface MemoryEvents {
  /** Times it was slowed down for being over memory.high; NaN in v1. */
  readonly high: number
  /** Times it ran into its limit. */
  readonly max: number
  readonly oomKills: number
}

/** undefined where the cgroup has no CPU controller. */
export function throttlingOf(files: CgroupFiles): Throttling | undefined {
  const stat = pairsOf(files['cpu.stat'])
  const us = stat.get('throttled_usec')
  const throttledNs = stat.get('throttled_time') ?? (us === undefined ? undefined : us * 1000)
  if (throttledNs === undefined) return undefined
  return { throttledNs, throttledPeriods: stat.get('nr_throttled') ?? NaN }
}

/** A cgroup on its way to frozen counts as frozen: some of its threads stand already. undefined: not told. */
export function isFrozen(files: CgroupFiles): boolean | undefined {
  const state = files['freezer.state']?.trim()
  if (state !== undefined) return state === 'FROZEN' || state === 'FREEZING'
  const frozen = pairsOf(files['cgroup.events']).get('frozen')
  if (frozen !== undefined) return frozen !== 0
  const asked = files['cgroup.freeze']?.trim()
  return asked === undefined || asked === '' ? undefined : asked !== '0'
}

/** undefined where the cgroup has no memory controller. */
export function memoryEventsOf(files: CgroupFiles): MemoryEvents | undefined {
  const events = pairsOf(files['memory.events'])
  const fails = files['memory.failcnt']?.trim()
  if (events.size === 0 && fails === undefined) return undefined
  return {
    high: events.get('high') ?? NaN,
    max: events.get('max') ?? (fails === undefined ? NaN : Number(fails)),
    oomKills: events.get('oom_kill') ?? pairsOf(files['memory.oom_control']).get('oom_kill') ?? NaN,
  }
}

function pairsOf(text: string | undefined): ReadonlyMap<string, number> {
  const words = (text ?? '').trim().split(/\s+/)
  const pairs = new Map<string, number>()
  for (let at = 0; at + 1 < words.length; at += 2) {
    const value = Number(words[at + 1])
    if (Number.isFinite(value)) pairs.set(words[at] ?? '', value)
  }
  return pairs
}
