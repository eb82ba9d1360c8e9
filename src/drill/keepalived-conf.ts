// The configuration of one keepalived of the pair: one VRRP instance on eth0 of its own namespace.

export interface InstanceSettings {
  readonly name: string
  readonly state: 'MASTER' | 'BACKUP'
  readonly version: 2 | 3
  readonly vrid: number
  readonly priority: number
  /** Seconds; VRRPv2 knows whole ones only, VRRPv3 hundredths. */
  readonly advertInterval: number
  /** VRRPv2 only; keepalived uses its first 8 characters. */
  readonly password: string | undefined
  readonly virtualAddresses: readonly string[]
  /** Own address and its peers'; undefined: multicast. */
  readonly unicast: { readonly from: string; readonly to: readonly string[] } | undefined
}

const lines = (indent: string, values: readonly string[]): string => values.map((value) => indent + value).join('\n')

export function formatKeepalivedConf(instance: InstanceSettings): string {
  const { unicast, password } = instance
  const parts = [
    `    version ${instance.version}`,
    `    state ${instance.state}`,
    '    interface eth0',
    `    virtual_router_id ${instance.vrid}`,
    `    priority ${instance.priority}`,
    `    advert_int ${instance.advertInterval}`,
  ]
  if (instance.version === 2 && password !== undefined) {
    parts.push(`    authentication {\n        auth_type PASS\n        auth_pass ${password}\n    }`)
  }
  if (unicast !== undefined) {
    parts.push(`    unicast_src_ip ${unicast.from}\n    unicast_peer {\n${lines('        ', unicast.to)}\n    }`)
  }
  parts.push(`    virtual_ipaddress {\n${lines('        ', instance.virtualAddresses)}\n    }`)
  return `global_defs {\n    router_id ${instance.name}\n}\nvrrp_instance drill {\n${parts.join('\n')}\n}\n`
}
