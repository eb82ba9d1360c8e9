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
  /** A script that is run each second; a yes adds one to the priority. */
  readonly checkScript?: string
  /** A file with a number that is added to the priority. */
  readonly trackFile?: string
}

const lines = (indent: string, values: readonly string[]): string => values.map((value) => indent + value).join('\n')

export function formatKeepalivedConf(instance: InstanceSettings): string {
  const { unicast, password, checkScript, trackFile } = instance
  // What it tracks stands in front of the instance that refers to it.
  let tracked = ''
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
  if (checkScript !== undefined) {
    tracked += `vrrp_script check {\n    script "${checkScript}"\n    interval 1\n    timeout 60\n    weight 1\n    rise 1\n    fall 1\n}\n`
    parts.push('    track_script {\n        check\n    }')
  }
  if (trackFile !== undefined) {
    tracked += `track_file weight {\n    file "${trackFile}"\n    weight 1\n}\n`
    parts.push('    track_file {\n        weight\n    }')
  }
  const globals = [
    `    router_id ${instance.name}`,
    ...(tracked === '' ? [] : ['    script_user root', '    enable_script_security']),
  ]
  return `global_defs {\n${globals.join('\n')}\n}\n${tracked}vrrp_instance drill {\n${parts.join('\n')}\n}\n`
}
