// What a pair may be asked to be, and the configuration that follows.

import { expect, test } from 'vitest'
import { Fault } from '../../src/capture/fault.ts'
import { formatKeepalivedConf } from '../../src/drill/keepalived-conf.ts'
import { checkPairOptions, defaultPair, foreignSettingsOf, settingsOf } from '../../src/drill/pair-options.ts'
import { parseState } from '../../src/drill/router.ts'

test.each([
  [{}],
  [{ advertInterval: 255, vrid: 1 }],
  [{ version: 3, advertInterval: 0.01, vrid: 255 }],
  [{ version: 3, advertInterval: 40.95, family: 6, isUnicast: true }],
  [{ version: 3, advertInterval: 0.57, password: undefined }],
] as const)('%j is a pair', (wanted) => {
  expect(() => checkPairOptions({ ...defaultPair, ...wanted })).not.toThrow()
})

test.each([
  [{ advertInterval: 0.5 }, 'VRRPv2 cannot advertise an interval of 0.5 s.'],
  [{ advertInterval: 0 }, 'VRRPv2 cannot advertise an interval of 0 s.'],
  [{ advertInterval: Number.NaN }, 'VRRPv2 cannot advertise an interval of NaN s.'],
  [{ version: 3, advertInterval: 41 }, 'VRRPv3 cannot advertise an interval of 41 s.'],
  [{ version: 3, advertInterval: 0.005 }, 'VRRPv3 cannot advertise an interval of 0.005 s.'],
  [{ family: 6 }, 'VRRPv2 knows no IPv6.'],
  [{ vrid: 0 }, '0 is no VRID.'],
  [{ vrid: 256 }, '256 is no VRID.'],
  [{ priority: 255 }, '255 is no priority.'],
  [{ backupPriority: 0 }, '0 is no priority.'],
  [{ password: 'a }\nnotify /x' }, 'A VRRPv2 password has 1 to 8 characters.'],
] as const)('%j is a wrong usage', (wanted, message) => {
  const check = (): void => checkPairOptions({ ...defaultPair, ...wanted })
  expect(check).toThrow(Fault)
  expect(check).toThrow(message)
})

test('a VRRPv2 router authenticates by password', () => {
  expect(formatKeepalivedConf(settingsOf(defaultPair, 2))).toMatchInlineSnapshot(`
    "global_defs {
        router_id lb02
    }
    vrrp_instance drill {
        version 2
        state BACKUP
        interface eth0
        virtual_router_id 205
        priority 100
        advert_int 1
        authentication {
            auth_type PASS
            auth_pass drill-01
        }
        virtual_ipaddress {
            192.168.205.7/24
        }
    }
    "
  `)
})

test('a VRRPv3 router for one peer has no password, and a link-local address first', () => {
  const options = { ...defaultPair, version: 3, family: 6, isUnicast: true, advertInterval: 0.25 } as const
  expect(formatKeepalivedConf(settingsOf(options, 1))).toMatchInlineSnapshot(`
    "global_defs {
        router_id lb01
    }
    vrrp_instance drill {
        version 3
        state MASTER
        interface eth0
        virtual_router_id 205
        priority 101
        advert_int 0.25
        unicast_src_ip fd00:205::11
        unicast_peer {
            fd00:205::12
        }
        virtual_ipaddress {
            fe80::7
            fd00:205::7
        }
    }
    "
  `)
})

test('a foreign router shares the VRID and neither password nor address', () => {
  const ours = settingsOf(defaultPair, 1)
  const foreign = foreignSettingsOf(defaultPair, 3, { priority: 90 })
  expect(foreign.vrid).toBe(ours.vrid)
  expect(foreign.priority).toBe(90)
  expect(foreign.password).not.toBe(ours.password)
  expect(foreign.virtualAddresses).not.toEqual(ours.virtualAddresses)
})

test('the state is that of the last transition in the log', () => {
  const begin = 'Sun Nov 22 13:49:58 2026: (drill) Entering BACKUP STATE (init)\n'
  const master = 'Sun Nov 22 13:50:02 2026: (drill) Entering MASTER STATE\n'
  expect([parseState(''), parseState(begin), parseState(begin + master), parseState(begin + master + begin)]).toEqual([
    'INIT',
    'BACKUP',
    'MASTER',
    'BACKUP',
  ])
})
