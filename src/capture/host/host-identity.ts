// Which machine this is: asked of systeminformation once, before the first sample.
//
// It starts a few small programs (lscpu, uname, dmidecode) and takes about 0.1 s; on a host where one of them hangs the
// sampler does not wait for it.

import type { Facts } from './host-facts.ts'

const patienceMs = 2000

/** `{ host, os, kernel, arch, cpu, cpus, virtualisation }`, as far as they are known in time. */
export async function readHostIdentity(): Promise<Facts> {
  const { default: system } = await import('systeminformation')
  const facts: Record<string, number | string> = {}

  async function askSystem(): Promise<void> {
    const { hostname, distro, release, kernel, arch } = await system.osInfo()
    Object.assign(facts, { host: hostname, os: `${distro} ${release}`, kernel, arch })
  }
  async function askCpu(): Promise<void> {
    const { manufacturer, brand, cores } = await system.cpu()
    Object.assign(facts, { cpu: `${manufacturer} ${brand}`, cpus: cores })
  }
  async function askMachine(): Promise<void> {
    const machine = await system.system()
    facts['virtualisation'] = machine.virtual ? (machine.virtualHost ?? 'unknown') : 'none'
  }

  let timer: NodeJS.Timeout | undefined
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, patienceMs)
  })
  await Promise.race([Promise.allSettled([askSystem(), askCpu(), askMachine()]), patience])
  clearTimeout(timer)
  return { ...facts }
}
