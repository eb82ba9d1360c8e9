// What the wire decides before anybody is suspected, each beside what looks like it and is something else.

import { describe, expect, test } from 'vitest'
import { backup, every, master, openScene, type Process } from '../../fixtures/scene.ts'

const killer: Process = { pid: 9001, comm: 'puppet' }
const hog: Process = { pid: 9100, comm: 'crypto-bench' }
const [HUP, TERM] = [1, 15] as const
const peer = { source: '192.168.205.12', priority: 100, mac: '52:54:00:20:5a:02' }
const stranger = { source: '192.168.205.13', priority: 150, mac: '52:54:00:20:5a:03' }
/** Ten on time, the eleventh at 12.5 s: due at 11 s, 1.5 s late; then on time again. */
const late = [...every(1000, 10), 12_500, ...every(13_500, 5)]

describe('lost, or not sent', () => {
  const hole = (scene: ReturnType<typeof openScene>, spec = {}): void => {
    scene.adverts(every(1000, 10), spec)
    scene.adverts(every(13_000, 5), { ...spec, ipId: 3 })
  }

  test('the ID went on over a hole of whole intervals: possible at most, without a counter that says so', () => {
    const scene = openScene()
    hole(scene)
    expect(scene.told()).toEqual(['W3 capture-loss possible tcpdump'])
  })

  test('the drop counter moved in just this stretch', () => {
    const scene = openScene()
    hole(scene)
    scene.drops(11_000, 'tcpdump', 0)
    scene.drops(12_000, 'tcpdump', 40)
    expect(scene.told()).toEqual(['W3 capture-loss likely tcpdump'])
  })

  test('a counter that was read once at the end says nothing of this stretch', () => {
    const scene = openScene()
    hole(scene)
    scene.adverts(every(18_000, 60), { ipId: 3 })
    scene.notice({ kind: 'started', probe: 'tcpdump', at: 0, tool: 'tcpdump' })
    scene.drops(78_000, 'tcpdump', 127)
    expect(scene.told()).toEqual(['W3 capture-loss possible tcpdump'])
  })

  test('another link has them: the first capture lost them', () => {
    const scene = openScene()
    hole(scene)
    scene.adverts(every(1000.2, 17), { link: 'uplink' })
    expect(scene.told()).toEqual(['W3 capture-loss likely tcpdump'])
  })

  test('a further link has none, and nothing else either: its capture may have slept', () => {
    const scene = openScene()
    scene.adverts(every(1000, 17))
    hole(scene, { link: 'uplink' })
    expect(scene.told()).toEqual(['W10 path possible uplink'])
  })

  test('a further link has none, and its backup took over', () => {
    const scene = openScene()
    scene.adverts(every(1000, 20))
    scene.adverts(every(1000.2, 10), { link: 'uplink' })
    scene.adverts([13_609, 14_609], { ...peer, link: 'uplink' })
    scene.adverts([15_000.2, 16_000.2, 17_000.2], { link: 'uplink', ipId: 5 })
    expect(scene.told()).toEqual(['W10 path likely uplink'])
  })

  test('IPv6 has no ID: never lost, and never said to be surely not', () => {
    const scene = openScene()
    scene.adverts([...every(1000, 10), ...every(13_000, 5)], { source: 'fe80::11', version: 3 })
    const [only] = scene.explained()
    expect(scene.told()).toEqual(['W1 unknown'])
    expect(only?.explanation.ruledOut.map((one) => one.cause)).not.toContain('capture-loss')
    expect(only?.explanation.ruledOut.map((one) => one.cause)).not.toContain('tx-held')
  })

  test('an ID that wraps over a hole counts on', () => {
    const scene = openScene()
    scene.adverts(every(1000, 10), { ipId: 65_527 })
    scene.adverts(every(13_000, 5), { ipId: 65_529 })
    expect(scene.told()).toEqual(['W3 capture-loss possible tcpdump'])
  })

  test('an ID that wraps over one late advert is neither a loss nor a restart', () => {
    const scene = openScene()
    scene.adverts(late, { ipId: 65_526 })
    expect(scene.told()).toEqual(['W1 unknown'])
  })
})

describe('refused where the sender runs', () => {
  const socket = '192.168.205.11->224.0.0.18'
  const [EPERM, ENETUNREACH] = [-1, -101] as const
  /** Ten on time; then what is done to its sends, until it comes through again. */
  const refused = (times: readonly number[], result: number, again: number, ids: number): string[] => {
    const scene = openScene()
    scene.sends(master, every(1000, 10))
    for (const ms of times) scene.call(ms, master, 'sendmsg', { file: socket, result })
    scene.sends(master, every(again, 5), { ipId: 1 + ids })
    return scene.told()
  }

  test('each of its sends failed, and the phase was kept', () => {
    expect(refused([11_000, 12_000, 13_000], EPERM, 14_000, 3)).toEqual(['W3 rejected-locally likely tap0'])
  })

  test('its interface went: a farewell in vain before it was due, then nothing', () => {
    expect(refused([10_400, 10_401], ENETUNREACH, 16_700, 2)).toEqual(['W1 rejected-locally likely tap0'])
  })

  test('the sends succeeded: not refused', () => {
    expect(refused([11_000, 12_000, 13_000], 40, 14_000, 3)).toEqual(['W3 capture-loss possible tcpdump'])
  })

  test('a sender that was late already is not excused by a refusal at its end', () => {
    expect(refused([13_900], EPERM, 14_000, 1)).toEqual(['W1 unknown'])
  })

  test('a send that failed, and one behind it that did not: what was lost was lost later', () => {
    const scene = openScene()
    scene.sends(master, every(1000, 10))
    scene.call(11_000, master, 'sendmsg', { file: socket, result: EPERM })
    scene.call(12_000, master, 'sendmsg', { file: socket, result: 40 })
    scene.sends(master, every(13_000, 5), { ipId: 3 })
    expect(scene.told()).toEqual(['W3 capture-loss possible tcpdump'])
  })

  test('failed sends of another kind, and of another process, are not its adverts', () => {
    const scene = openScene()
    scene.sends(master, every(1000, 10))
    for (const ms of [11_000, 12_000, 13_000]) {
      scene.call(ms, master, 'sendmsg', { file: '127.0.0.1:53->127.0.0.1:514', result: EPERM })
      scene.call(ms, backup, 'sendmsg', { file: socket, result: EPERM })
    }
    scene.sends(master, every(14_000, 5), { ipId: 4 })
    expect(scene.told()).toEqual(['W3 capture-loss possible tcpdump'])
  })
})

describe('awake, and not MASTER', () => {
  const socket = '192.168.205.11->224.0.0.18'
  /** Its backup takes over, and it reads that at these times. */
  const silent = (reads: readonly number[]): string => {
    const scene = openScene()
    scene.sends(master, every(1000, 10))
    scene.adverts([13_609, 14_610, 15_611], peer)
    for (const ms of reads) scene.call(ms, master, 'recvmsg', { file: socket, result: 40 })
    scene.sends(master, every(16_700, 5))
    const [only] = scene.explained()
    return `${only?.explanation.confidence}: ${only?.explanation.summary}`
  }

  test('it read what its backup said and answered none of it', () => {
    expect(silent([13_610, 14_611, 15_612])).toBe(
      'unknown: Not held up: keepalived was awake and not MASTER. It read 3 adverts of other routers meanwhile and answered none; what made it give up is in its log.',
    )
  })

  test('it read all of it only as it came back: it was held up', () => {
    expect(silent([16_690, 16_691, 16_692])).not.toContain('not MASTER')
  })
})

describe('lost before any link, and the backup took over', () => {
  const taken = (isSent: boolean): string[] => {
    const scene = openScene()
    scene.sends(master, every(1000, 10))
    if (isSent)
      for (const ms of [11_000, 12_000, 13_000, 13_611])
        scene.call(ms, master, 'sendmsg', { file: '192.168.205.11->224.0.0.18', result: 40 })
    scene.adverts([13_609], peer)
    scene.sends(master, every(14_612, 5), { ipId: 5 })
    return scene.told().filter((line) => !line.includes('unknown'))
  }

  test('the kernel took each of them', () => {
    expect(taken(true)).toEqual(['W3 path likely tap0'])
  })

  test('nobody saw the sends: they may have been refused, and nobody is named', () => {
    expect(taken(false)).toEqual(['W3 path possible'])
  })
})

describe('restarts', () => {
  const restarted = (order: (scene: ReturnType<typeof openScene>) => void, firstId = 1): string[] => {
    const scene = openScene()
    const second: Process = { pid: 5200, comm: 'keepalived' }
    scene.sends(master, every(1000, 10), { ipId: firstId })
    order(scene)
    scene.sends(second, every(14_000, 5), { ipId: -9 })
    return scene.told()
  }

  test('by somebody who told it to end', () => {
    const told = restarted((scene) => {
      scene.kill(10_900, killer, master, TERM)
      scene.exits(10_950, master)
    })
    expect(told).toEqual(['W8 planned likely puppet (9001)'])
  })

  test('of a process whose ID had passed the half is one as well', () => {
    expect(restarted(() => undefined, 40_000)).toEqual(['W8 planned likely keepalived (4711)'])
  })

  test('of a process that was overdue long before it was told to end is not why it was late', () => {
    const told = restarted((scene) => {
      scene.kill(13_300, killer, master, TERM)
      scene.exits(13_350, master)
    })
    expect(told).toEqual(['W8 planned possible puppet (9001)'])
  })

  test('while another keepalived, which goes on, was told to read its configuration', () => {
    const told = restarted((scene) => {
      scene.sends(backup, every(1500, 14), { source: '192.168.9.9', vrid: 9 })
      scene.kill(10_800, killer, master, TERM)
      scene.kill(10_900, hog, backup, HUP)
    })
    expect(told).toEqual(['W8 planned likely puppet (9001)'])
  })

  test('of a router whose IDs do not count: an ID that goes back says nothing', () => {
    const scene = openScene()
    late.forEach((ms, i) => scene.advert(ms, { ipId: (i * i * 40_503 + 7) % 65_536 }))
    expect(scene.told()).toEqual(['W1 unknown'])
    const striding = openScene()
    late.forEach((ms, i) => striding.advert(ms, { ipId: (i * 40_503 + 7) % 65_536 }))
    expect(striding.told()).toEqual(['W1 unknown'])
  })

  test('of a router whose ID is always 0', () => {
    const scene = openScene()
    late.forEach((ms) => scene.advert(ms, { ipId: 0 }))
    expect(scene.told()).toEqual(['W1 unknown'])
  })
})

describe('other routers', () => {
  test('several VRIDs of one sender late together are its own doing, foreign adverts on one of them or not', () => {
    const scene = openScene()
    scene.adverts(late)
    scene.adverts(
      late.map((ms) => ms + 2),
      { vrid: 206 },
    )
    scene.adverts([11_700, 12_100], stranger)
    expect(scene.told()).toEqual(['W1 unknown', 'W1 unknown'])
  })

  test('one of two VRIDs is held back, by a stranger that speaks before it is due', () => {
    const scene = openScene()
    scene.adverts([...every(1000, 10), 13_200, ...every(14_200, 5)])
    scene.adverts(every(1480, 18), { vrid: 206 })
    scene.adverts([10_600, 11_400, 12_200], stranger)
    expect(scene.told()).toEqual(['W4r foreign-vrid likely 192.168.205.13'])
  })

  test.each([
    ['priority 255, which owns the addresses', { ...stranger, priority: 255 }],
    ['priority 0, which gives up', { ...stranger, priority: 0 }],
  ])('a stranger of %s that speaks once when the advert is late already is no cause', (_, spec) => {
    const scene = openScene()
    scene.adverts(late)
    scene.advert(12_000, spec)
    expect(scene.told().join()).not.toMatch(/foreign-vrid/)
  })

  test('a backup that takes over, and a master that answers: late once, by its own doing', () => {
    const scene = openScene()
    scene.adverts([...every(1000, 10), 15_200, 15_200.1, 15_200.2, ...every(16_200.2, 5)])
    scene.adverts([13_609, 14_609], peer)
    expect(scene.told()).toEqual(['W1 unknown'])
  })
})

describe('the phase', () => {
  test('a shorter interval that the late advert announces is no sign of a queue', () => {
    const scene = openScene()
    scene.adverts(every(1000, 10), { version: 3, intervalMs: 1000 })
    scene.adverts([11_500, ...every(12_000, 10, 500)], { version: 3, intervalMs: 500 })
    expect(scene.told()).toEqual(['W1 unknown'])
  })

  test('a longer one is not late', () => {
    const scene = openScene()
    scene.adverts(every(1000, 10), { version: 3, intervalMs: 1000 })
    scene.adverts([11_000, ...every(14_000, 5, 3000)], { version: 3, intervalMs: 3000 })
    expect(scene.told()).toEqual([])
  })

  test('the longest interval that can be advertised', () => {
    const scene = openScene()
    const slow = { version: 3, intervalMs: 40_950 } as const
    scene.adverts([...every(1000, 6, 40_950), 1000 + 6 * 40_950 + 900], slow)
    expect(scene.told()).toEqual(['W1 unknown'])
  })

  test('an interval of 0 is nothing to be late by', () => {
    const scene = openScene()
    scene.adverts([...every(1000, 10, 100), 9000], { intervalMs: 0 })
    expect(scene.told()).toEqual([])
  })

  test('every packet captured twice, with an ID or without: still one that was not issued, never a burst', () => {
    for (const spec of [{}, { source: 'fe80::11', version: 3 }] as const) {
      const scene = openScene()
      late.forEach((ms, i) => {
        for (const at of [ms, ms + 0.05]) scene.advert(at, { ...spec, ipId: i + 1 })
      })
      expect(scene.told()).toEqual(['W1 unknown'])
    }
  })

  test('IPv6 adverts that were held and let go together are a burst', () => {
    const scene = openScene()
    const held = [...every(1000, 10), 13_200, 13_200.3, 13_200.6, ...every(14_000, 5)]
    scene.adverts(held, { source: 'fe80::11', version: 3 })
    expect(scene.told()).toEqual(['W2 unknown'])
  })

  test('unicast: each peer is a flow of its own, whether copies share an ID or count on', () => {
    for (const step of [0, 1]) {
      const scene = openScene()
      late.forEach((ms, i) => {
        scene.advert(ms, { destination: '192.168.205.12', ipId: 1 + i * (1 + step) })
        scene.advert(ms + 0.1, { destination: '192.168.205.14', ipId: 1 + i * (1 + step) + step })
      })
      expect(scene.told()).toEqual(['W1 unknown', 'W1 unknown'])
    }
  })

  test('two VLANs and two links, the same VRID on each: only the late one is late', () => {
    const scene = openScene()
    scene.adverts(late, { mac: 'fa:16:3e:00:00:01' })
    scene.adverts(every(1250, 17), { mac: 'fa:16:3e:00:00:02', source: '192.168.205.21', link: 'tap1' })
    every(1400, 17).forEach((ms, i) => scene.advert(ms, { vlan: 7, ipId: i + 1, source: '192.168.205.31' }))
    expect(scene.told()).toEqual(['W1 unknown'])
  })
})

describe('a host that stands still', () => {
  const pausing = (goesOn: boolean): string[] => {
    const scene = openScene()
    scene.adverts(late)
    scene.watch(hog)
    scene.unsampled(10_950, 12_480)
    const others = every(230, 60, 270).filter((ms) => goesOn || ms < 10_950 || ms > 12_480)
    scene.pings(others, '192.168.205.77', '52:54:00:00:00:77')
    for (let ms = 100; ms < 17_000; ms += 10) if (ms < 10_950 || ms > 12_480) scene.call(ms, hog, 'read', { result: 1 })
    return scene.told()
  }

  test('is one where clock, calls and wire all stop', () => {
    expect(pausing(false)).toEqual(['W6 host-frozen likely this host'])
  })

  test('is none where packets were stamped meanwhile: then only we ourselves stood still', () => {
    expect(pausing(true)).toEqual(['W1 unknown'])
  })
})
