// Who must not be named. Each scene holds the evidence that convicts somebody in another case, and somebody innocent: the
// worst that this program can do is to name a wrong culprit with confidence.

import { describe, expect, test } from 'vitest'
import { backup, every, master, openScene, qemu, vcpu, type Away, type Process } from '../../fixtures/scene.ts'

const killer: Process = { pid: 9001, comm: 'vm-snapshot' }
const hog: Process = { pid: 9100, comm: 'crypto-bench' }
const logger: Process = { pid: 817, comm: 'syslogd' }
const [TERM, STOP, CONT, TSTP] = [15, 19, 18, 20] as const
/** Ten on time, the eleventh at 12.5 s: due at 11 s, 1.5 s late; then on time again. */
const late = [...every(1000, 10), 12_500, ...every(13_500, 5)]
const stopped: Away = { from: 10_500, to: 12_490, as: 'T' }
const searched = (who: Process, addresses = ['192.168.205.11']) => ({
  pid: who.pid,
  comm: who.comm,
  kind: 'keepalived',
  addresses,
  threads: [{ tid: who.pid, role: 'vrrp' }],
})
const own = '/sys/fs/cgroup/system.slice/keepalived.service'
const others = '/sys/fs/cgroup/batch.slice/batch-7.scope'
const quota = (ns: number, periods: number): Record<string, string> => ({
  'cpu.stat': `nr_periods 400\nnr_throttled ${periods}\nthrottled_usec ${Math.round(ns / 1e3)}`,
})
const calm = quota(0, 0)

/** What of this is said; that anything was late at all is part of the question. */
function accused(told: readonly string[], accusation: RegExp): readonly string[] {
  if (told.length === 0) throw new Error('nothing was late')
  return told.filter((line) => accusation.test(line))
}

describe('stops', () => {
  test('the scene: a stop across due convicts who sent it', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [stopped], late)
    scene.kill(10_500, killer, master, STOP)
    scene.delivered(10_500.1, master, killer, STOP)
    scene.kill(12_490, killer, master, CONT)
    expect(scene.told()).toEqual(['W1 sender-stopped certain vm-snapshot (9001)'])
  })

  test('one that was over before due delayed nothing', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [{ from: 10_300, to: 10_800, as: 'T' }], late)
    scene.kill(10_300, killer, master, STOP)
    scene.kill(10_800, killer, master, CONT)
    expect(scene.told()).toEqual(['W1 unknown'])
  })

  test('one whose end was not seen ended at the latest with the advert that was sent behind it', () => {
    const scene = openScene()
    scene.adverts(late)
    scene.kill(5200, killer, master, STOP)
    scene.watch(master, [{ from: 5200, to: 5700, as: 'T' }], late)
    scene.senders([searched(master)])
    expect(scene.told()).toEqual(['W1 unknown'])
  })

  test('one whose end was not seen is over when a sample finds the process asleep', () => {
    const scene = openScene()
    scene.adverts(late)
    scene.kill(10_200, killer, master, STOP)
    scene.watch(master, [{ from: 10_200, to: 10_600, as: 'T' }], late)
    scene.senders([searched(master)])
    expect(scene.told()).toEqual(['W1 unknown'])
  })

  test('a signal that a process may ignore is no stop by itself', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [], late)
    scene.kill(10_500, killer, master, TSTP)
    scene.kill(12_490, killer, master, CONT)
    expect(scene.told()).toEqual(['W1 unknown'])
  })

  test('of the backup, on the same host', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [], late)
    scene.watch(backup, [stopped], [])
    scene.kill(10_500, killer, backup, STOP)
    scene.kill(12_490, killer, backup, CONT)
    expect(scene.told()).toEqual(['W1 unknown'])
  })

  test('of a thread of qemu that the guest does not need', () => {
    const scene = openScene()
    scene.adverts(late)
    const worker: Process = { ...qemu, tid: 6809, threadComm: 'IO iothread1' }
    const busy = every(50, 180, 100)
    scene.watch(qemu, [], busy)
    scene.watch(vcpu(0), [], busy)
    scene.watch(worker, [{ ...stopped, as: 't' }], [])
    expect(scene.told()).toEqual(['W1 inside-guest likely qemu-system-x86 (6800)'])
  })

  test('of qemu’s main thread alone, where nobody knows which thread is a vCPU: never the whole process', () => {
    const scene = openScene()
    scene.adverts(late)
    const busy = every(50, 180, 100)
    scene.watch(qemu, [{ ...stopped, as: 't' }], busy)
    for (const tid of [6801, 6802, 6803]) scene.watch({ ...qemu, tid }, [], busy)
    expect(accused(scene.told(), /sender-stopped (likely|certain)/)).toEqual([])
  })
})

describe('calls', () => {
  test('to wait for its next event is what a keepalived does all day', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [], late)
    scene.call(12_499, master, 'epoll_wait', { lastedMs: 2400, result: 1 })
    expect(scene.told()).toEqual(['W1 unknown'])
  })

  test('one that ended long before the advert left did not hold it to the end', () => {
    const scene = openScene()
    scene.sends(master, [...every(1000, 10), 15_000, ...every(16_000, 5)])
    scene.watch(master, [], [])
    scene.call(13_900, master, 'write', { lastedMs: 3200, file: '/tmp/keepalived.data' })
    expect(accused(scene.told(), /likely|certain/)).toEqual([])
  })

  test('one that began when the advert was late already did not make it late', () => {
    const scene = openScene()
    scene.sends(master, [...every(1000, 10), 15_000, ...every(16_000, 5)])
    scene.watch(master, [], [])
    scene.call(14_990, master, 'write', { lastedMs: 2500, file: '/tmp/keepalived.data' })
    expect(accused(scene.told(), /likely|certain/)).toEqual([])
  })

  test('a logger that went on reading is not the one that did not read', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [], late)
    scene.call(12_490, master, 'sendto', { lastedMs: 1800, file: '/dev/log' })
    for (let ms = 100; ms < 17_000; ms += 200) scene.call(ms, logger, 'recvmsg', { file: '/dev/log', result: 80 })
    expect(scene.told()).toEqual(['W1 sender-blocked possible syslogd (817)'])
  })
})

describe('freezers and tracers', () => {
  const frozen = (from: number, to: number) => (ms: number) => ({
    'cgroup.events': `populated 1\nfrozen ${ms >= from && ms < to ? 1 : 0}`,
  })

  test('the scene: its own cgroup was frozen, and who wrote it', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [], late)
    scene.cgroup(own, frozen(10_500, 12_490), [master.pid])
    scene.call(10_500, killer, 'write', { file: `${own}/cgroup.freeze`, result: 1 })
    scene.call(12_490, killer, 'write', { file: `${own}/cgroup.freeze`, result: 1 })
    expect(scene.told()).toEqual(['W1 sender-stopped certain vm-snapshot (9001)'])
  })

  test('another cgroup was frozen meanwhile', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [], late)
    scene.cgroup(own, frozen(0, 0), [master.pid])
    scene.cgroup(others, frozen(10_500, 12_490))
    scene.call(10_500, killer, 'write', { file: `${others}/cgroup.freeze`, result: 1 })
    scene.call(12_490, killer, 'write', { file: `${others}/cgroup.freeze`, result: 1 })
    expect(scene.told()).toEqual(['W1 unknown'])
  })

  test('whose cgroup was frozen nobody told, and the sender was in a call before that', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [], late)
    scene.cgroup(others, frozen(11_000, 12_450))
    scene.call(11_000, killer, 'write', { file: `${others}/cgroup.freeze`, result: 1 })
    scene.call(12_450, killer, 'write', { file: `${others}/cgroup.freeze`, result: 1 })
    scene.call(12_490, master, 'sendto', { lastedMs: 1900, file: '/dev/log' })
    expect(accused(scene.told(), /sender-stopped (likely|certain)/)).toEqual([])
  })

  test('whose cgroup was frozen nobody told, and the sender waited for a CPU', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [{ from: 11_000, to: 12_495, as: 'waits' }], late)
    scene.cgroup(others, frozen(11_000, 12_450))
    expect(accused(scene.told(), /sender-stopped (likely|certain)/)).toEqual([])
  })

  test('its cgroup was frozen, and somebody else’s was written just then', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [], late)
    scene.cgroup(own, frozen(10_500, 12_490), [master.pid])
    scene.call(10_480, hog, 'write', { file: `${others}/cgroup.freeze`, result: 1 })
    scene.call(12_480, hog, 'write', { file: `${others}/cgroup.freeze`, result: 1 })
    expect(scene.told()).toEqual(['W1 sender-stopped likely keepalived.service'])
  })

  test('a tracer at work near one end only may have traced somebody else', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [{ ...stopped, as: 't' }], late)
    scene.call(10_600, hog, 'ptrace', {})
    expect(scene.told()).not.toEqual(['W1 sender-stopped certain crypto-bench (9100)'])
  })
})

describe('CPUs and quotas', () => {
  const waiting: Away = { from: 11_000, to: 12_495, as: 'waits' }

  test('the scene: its own cgroup was throttled for as long as it waited', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [waiting], late)
    scene.cgroup(own, (ms) => (ms < 12_495 ? calm : quota(1.45e9, 14)), [master.pid])
    expect(scene.told()).toEqual(['W1 sender-throttled likely keepalived.service'])
  })

  test('it was throttled before due, and then waited for a CPU that another had', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [waiting], late)
    scene.cgroup(own, (ms) => (ms < 10_500 ? calm : quota(1.4e9, 14)), [master.pid])
    expect(accused(scene.told(), /sender-throttled/)).toEqual([])
  })

  test('it was throttled for a third of its wait', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [waiting], late)
    scene.cgroup(own, (ms) => (ms < 12_495 ? calm : quota(0.5e9, 5)), [master.pid])
    expect(accused(scene.told(), /likely|certain/)).toEqual([])
  })

  test('another cgroup was throttled, all day long, and whose it is nobody told', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [waiting], late)
    scene.cgroup(others, (ms) => quota(ms * 0.7e6, Math.floor(ms / 100)))
    expect(accused(scene.told(), /sender-throttled (likely|certain)/)).toEqual([])
  })

  test('without the quota’s counters a throttled sender looks starved: whoever had the CPU is not convicted', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [waiting], late)
    for (let ms = 9000; ms < 12_490; ms += 500) {
      scene.switches(ms, 0, undefined, hog)
      scene.switches(ms + 499, 0, hog, undefined)
    }
    scene.switches(12_494.9, 0, undefined, master)
    scene.switches(12_500.9, 0, master, undefined)
    expect(accused(scene.told(), /likely|certain/)).toEqual([])
  })

  test('pressure alone names nobody', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [], late)
    scene.psi((ms) => ({ cpu: [ms * 900, 0], io: [ms * 900, ms * 800], memory: [ms * 900, ms * 500] }))
    expect(scene.told()).toEqual(['W1 unknown'])
  })

  test('one look in state D with a page fault is not a second and a half of paging', () => {
    const scene = openScene()
    const short = [...every(1000, 10), 11_090, ...every(12_090, 5)]
    scene.sends(master, short)
    scene.watch(master, [{ from: 11_030, to: 11_045, as: 'fault' }], short)
    expect(accused(scene.told(), /likely|certain/)).toEqual([])
  })

  test('one vCPU of two was away, and came back long before the advert left', () => {
    const scene = openScene()
    scene.adverts([...every(1000, 10), 15_000, ...every(16_000, 5)])
    const busy = every(50, 220, 100)
    scene.watch(qemu, [], busy)
    scene.watch(
      vcpu(0),
      [{ from: 11_000, to: 13_900, as: 'waits' }],
      busy.filter((ms) => ms < 11_000 || ms > 13_900),
    )
    scene.watch(vcpu(1), [], busy)
    expect(accused(scene.told(), /vcpu-stuck (likely|certain)/)).toEqual([])
  })

  test('vCPUs that ran all the while in a host that reclaimed memory: not surely the guest’s own doing', () => {
    const scene = openScene()
    scene.adverts(late)
    const busy = every(50, 180, 100)
    scene.watch(qemu, [], busy)
    scene.watch(vcpu(0), [{ from: 10_900, to: 12_500, as: 'runs' }], busy)
    scene.vmstat((ms) => ({
      allocstall: ms < 11_000 ? 0 : Math.min(9000, (ms - 11_000) * 6),
      pgmajfault: 0,
      pswpin: 0,
    }))
    expect(accused(scene.told(), /inside-guest (likely|certain)/)).toEqual([])
  })
})

describe('what the recording holds, and what it does not', () => {
  test('a capture of some programs only: the sender’s silence in it says nothing', () => {
    const scene = openScene()
    scene.adverts(late)
    for (let ms = 100; ms < 17_000; ms += 20) scene.call(ms, hog, 'read', { file: '/etc/passwd', result: 10 })
    expect(scene.told()).toEqual(['W1 unknown'])
  })

  test('a few programs fell silent together, and the wire went on: the host did not stand still', () => {
    const scene = openScene()
    scene.adverts(late)
    scene.watch(hog, [], [])
    scene.unsampled(10_900, 12_480)
    for (let ms = 100; ms < 17_000; ms += 10)
      if (ms < 10_900 || ms > 12_480) scene.call(ms, hog, 'read', { result: 10 })
    scene.pings(every(230, 60, 270), '192.168.205.77', '52:54:00:00:00:77')
    expect(accused(scene.told(), /host-frozen/)).toEqual([])
  })

  test('drops across the window leave everything possible', () => {
    const scene = openScene()
    scene.sends(master, late)
    scene.watch(master, [stopped], late)
    scene.kill(10_500, killer, master, STOP)
    scene.kill(12_490, killer, master, CONT)
    scene.drops(11_500, 'sysdig', 900)
    expect(scene.told()).toEqual(['W1 sender-stopped possible vm-snapshot (9001)'])
  })

  test('the checker child that ended and began anew sends no adverts', () => {
    const scene = openScene()
    const checker: Process = { pid: 4712, comm: 'keepalived' }
    scene.sends(master, late)
    scene.watch(master, [], late)
    scene.kill(11_200, killer, checker, TERM)
    scene.exits(11_200.5, checker)
    expect(scene.told()).toEqual(['W1 unknown'])
  })
})

describe('who sends', () => {
  test('a restart in the middle: what was late before it is asked of the process that sent then', () => {
    const scene = openScene()
    const second: Process = { pid: 5200, comm: 'keepalived' }
    scene.sends(master, late)
    scene.watch(master, [stopped], late)
    scene.kill(10_500, killer, master, STOP)
    scene.kill(12_490, killer, master, CONT)
    scene.sends(second, every(18_700, 10), { ipId: 1 - late.length })
    expect(scene.told()[0]).toBe('W1 sender-stopped certain vm-snapshot (9001)')
  })

  test('two keepalived with the same address and VRID in two namespaces: each link is asked for its own', () => {
    const scene = openScene()
    const other: Process = { pid: 5300, comm: 'keepalived' }
    scene.sends(master, late, { link: 'qr-one', mac: 'fa:16:3e:00:00:01' })
    scene.sends(other, every(1400, 17), { link: 'qr-two', mac: 'fa:16:3e:00:00:02' })
    scene.watch(master, [], late)
    scene.watch(other, [stopped], [])
    scene.kill(10_500, killer, other, STOP)
    scene.kill(10_600, killer, other, CONT)
    expect(accused(scene.told(), /likely|certain/)).toEqual([])
  })

  test('two tenants with the same addresses, one late: not a path from one to the other', () => {
    const scene = openScene()
    scene.adverts(every(1000, 17), { link: 'tapA', mac: 'fa:16:3e:00:00:01' })
    scene.adverts(
      late.map((ms) => ms + 400),
      { link: 'tapB', mac: 'fa:16:3e:00:00:02' },
    )
    expect(scene.told()).toEqual(['W1 unknown'])
  })

  test('what goes out by a tap is not sent by the guest behind it, which stood still just then', () => {
    const scene = openScene()
    late.forEach((ms, i) => scene.advert(ms, { ipId: i + 1 }, 'tap0', true))
    scene.watch(qemu, [stopped], late)
    scene.watch(vcpu(0), [stopped], late)
    const threads = [qemu.pid, 6801].map((tid) => ({ tid, comm: tid === qemu.pid ? qemu.comm : 'CPU 0/KVM' }))
    scene.senders([{ pid: qemu.pid, comm: qemu.comm, kind: 'qemu', links: ['tap0'], threads }])
    expect(scene.told()).toEqual(['W1 unknown'])
    const theirs = openScene()
    theirs.adverts(late)
    theirs.watch(qemu, [stopped], late)
    theirs.watch(vcpu(0), [stopped], late)
    theirs.senders([{ pid: qemu.pid, comm: qemu.comm, kind: 'qemu', links: ['tap0'], threads }])
    expect(theirs.told()).toEqual(['W1 sender-stopped likely qemu-system-x86 (6800)'])
  })

  test('a restart of the master itself, while somebody else’s keepalived was told to end', () => {
    const scene = openScene()
    const second: Process = { pid: 5200, comm: 'keepalived' }
    scene.sends(master, every(1000, 10))
    scene.sends(backup, every(1500, 14), { source: '192.168.9.9', vrid: 9 })
    scene.kill(11_500, hog, backup, TERM)
    scene.exits(12_000, master)
    scene.sends(second, every(14_000, 5), { ipId: -9 })
    expect(accused(scene.told(), /crypto-bench/)).toEqual([])
  })
})

describe('a guest that nobody said is the sender', () => {
  /** The only qemu of the host, stopped across due, and at work as the advert left. */
  const seen = (beside: (scene: ReturnType<typeof openScene>) => void): string[] => {
    const scene = openScene()
    scene.adverts(late)
    for (const ms of late) scene.call(ms - 1, qemu, 'ppoll', { lastedMs: 3, file: '' })
    scene.watch(qemu, [stopped], late)
    beside(scene)
    return scene.told()
  }

  test('alone on its host, it is', () => {
    expect(seen(() => undefined).join()).toContain('sender-stopped')
  })

  test('beside a keepalived of the host that may be, it is not', () => {
    const told = seen((scene) => {
      scene.watch(backup, [], late)
      scene.senders([searched(backup, ['10.0.0.5'])])
    })
    expect(told).toEqual(['W1 unknown'])
  })
})
