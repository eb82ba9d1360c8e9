// A keepalived pair whose MASTER is in a real guest: qemu (TCG) on a tap, the BACKUP in a namespace, both on a bridge in a
// third. Marked like a drill (src/drill/mark.ts), so that a later run removes what a killed one left.
//
//   …-node   tap-lb01 ── br-drill ── vb ── …-lb02
//   /run/MARK   way-in (ssh into the guest, from where the BACKUP is)  qmp.sock  lab.sock (a shell for faults)  serial.log

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { environmentOf, runCommand } from '../../dist/drill/command.js'
import { removeMarked, runRoot } from '../../dist/drill/leftovers.js'
import { markOf, readOwner } from '../../dist/drill/mark.js'
import { addNetwork, addPort, bridge } from '../../dist/drill/network.js'
import { openRouter } from '../../dist/drill/router.js'

export const tap = 'tap-lb01'
const peerLink = 'vb'
const bootLimitMs = 120_000

async function openMark() {
  const owner = await readOwner()
  for (let number = 0; ; number++) {
    const mark = markOf(owner, number)
    if (existsSync(join(runRoot, mark))) continue
    mkdirSync(join(runRoot, mark), { mode: 0o700 })
    return mark
  }
}

/** The other one is guest/keepalived.conf. */
const backupSettings = {
  name: 'lb02',
  state: 'BACKUP',
  version: 2,
  vrid: 205,
  priority: 100,
  advertInterval: 1,
  password: 'lab-only',
  virtualAddresses: ['10.205.0.7/24 dev eth0'],
  unicast: undefined,
}

const wayInScript = (namespace, ssh) => `#!/bin/sh
export LD_LIBRARY_PATH=${ssh}/usr/lib/x86_64-linux-gnu
exec ip netns exec ${namespace} ${ssh}/dbclient -y -y -i ${ssh}/key root@10.205.0.11 "$@"
`

/** Each guest has its own: taps of several labs have one name. */
const macOf = (mark) =>
  `52:54:00:${createHash('sha256')
    .update(mark)
    .digest('hex')
    .slice(0, 6)
    .replaceAll(/(..)(?=.)/g, '$1:')}`

/** `smp`: CPUs of the guest. */
function startQemu(mark, network, folder, image, { smp, memoryMiB, name }) {
  const log = openSync(join(folder, 'qemu.log'), 'a', 0o600)
  const line = [
    `netns exec ${network.node} qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp ${smp} -m ${memoryMiB}`,
    '-display none -nodefaults -no-reboot',
    `-netdev tap,id=n0,ifname=${tap},script=no,downscript=no,vhost=off`,
    `-device virtio-net-pci,netdev=n0,mac=${macOf(mark)}`,
    '-device virtio-serial-pci -device virtserialport,chardev=lab,name=org.whylate.lab',
    `-serial file:${folder}/serial.log -qmp unix:${folder}/qmp.sock,server=on,wait=off`,
    `-chardev socket,id=lab,path=${folder}/lab.sock,server=on,wait=off`,
  ]
  // What may hold blanks stands alone.
  const argv = [
    ...line.join(' ').split(' '),
    '-name',
    `guest=${name},debug-threads=on`,
    '-kernel',
    image.kernel,
    '-initrd',
    image.initrd,
    '-append',
    'console=ttyS0 quiet net.ifnames=0 panic=5 mitigations=off rdinit=/init',
  ]
  const child = spawn('ip', argv, { env: environmentOf(mark), stdio: ['ignore', log, log], detached: true })
  closeSync(log)
  child.unref()
  return child
}

async function until(what, limitMs, isSo) {
  const deadline = performance.now() + limitMs
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${limitMs / 1000} s`)
    await sleep(100)
  }
}

const textOf = (path) => (existsSync(path) ? readFileSync(path, 'latin1') : '')

/** One line to the guest's own shell, and what it says until it is done. */
function openShell(folder) {
  const socket = connect(join(folder, 'lab.sock'))
  let heard = ''
  let wake = () => undefined
  socket.setEncoding('utf8')
  socket.on('data', (text) => {
    heard += text
    wake()
  })
  socket.on('error', () => undefined)
  let count = 0
  return {
    async run(line, limitMs = 30_000) {
      const end = `@@${++count}@@`
      socket.write(`{ ${line}\n} 2>&1; echo "$? ${end}"\n`)
      const deadline = performance.now() + limitMs
      for (;;) {
        const found = new RegExp(`(\\d+) ${end}\n`).exec(heard)
        if (found !== null) {
          const said = heard.slice(0, found.index)
          heard = heard.slice(found.index + found[0].length)
          if (found[1] !== '0') throw new Error(`in the guest: ${line}: ${said.trim()} (${found[1]})`)
          return said
        }
        if (performance.now() > deadline)
          throw new Error(`in the guest: ${line}: no answer; it said: ${heard.slice(-2000)}`)
        await Promise.race([sleep(200), new Promise((resolve) => (wake = resolve))])
      }
    },
    close: () => socket.destroy(),
  }
}

function qmp(folder, command, given) {
  return new Promise((resolve, reject) => {
    const socket = connect(join(folder, 'qmp.sock'))
    let heard = ''
    socket.setEncoding('utf8')
    socket.on('error', reject)
    socket.on('data', (text) => {
      heard += text
      const answers = heard.split('\n').filter((line) => /"(?:return|error)"/.test(line))
      if (answers.length < 2) return
      socket.destroy()
      if (answers[1].includes('"error"')) reject(new Error(answers[1]))
      else resolve(answers[1])
    })
    const asked = { execute: command, ...(given === undefined ? {} : { arguments: given }) }
    socket.write(`{"execute":"qmp_capabilities"}\n${JSON.stringify(asked)}\n`)
  })
}

/** Needs root, and what image.js needs. `close` removes all of it. */
export async function openLabPair(image, options = {}) {
  const { smp = 1, memoryMiB = 512, name = 'instance-000000dd' } = options
  const mark = await openMark()
  const folder = join(runRoot, mark)
  try {
    const network = await addNetwork(mark, 4)
    await runCommand(mark, 'ip', ['-n', network.node, 'tuntap', 'add', 'dev', tap, 'mode', 'tap'])
    await runCommand(mark, 'ip', ['-n', network.node, 'link', 'set', tap, 'master', bridge, 'up'])
    const qemu = startQemu(mark, network, folder, image, { smp, memoryMiB, name })
    const startedMs = performance.now()
    await until(`the guest (${folder}/serial.log)`, bootLimitMs, () =>
      textOf(join(folder, 'serial.log')).includes('GUEST-READY'),
    )
    const bootMs = performance.now() - startedMs
    const namespace = await addPort(network, { part: 'lb02', link: peerLink, addresses: ['10.205.0.12/24'] })
    const place = { mark, runDirectory: folder, part: 'lb02', namespace, address: '10.205.0.12' }
    const backup = await openRouter(place, backupSettings)
    const wayIn = join(folder, 'way-in')
    writeFileSync(wayIn, wayInScript(namespace, image.ssh), { mode: 0o700 })
    const shell = openShell(folder)
    return {
      mark,
      folder,
      name,
      namespace: network.node,
      link: tap,
      peerLink,
      environment: environmentOf(mark),
      pid: qemu.pid,
      bootMs,
      backup,
      /** COMMAND of --guest. */
      wayIn,
      /** Thread ids of the qemu by their names. */
      threads: () =>
        Object.fromEntries(
          readdirSync(`/proc/${qemu.pid}/task`).map((tid) => [
            readFileSync(`/proc/${qemu.pid}/task/${tid}/comm`, 'utf8').trim(),
            Number(tid),
          ]),
        ),
      inGuest: (line, limitMs) => shell.run(line, limitMs),
      qmp: (command, given) => qmp(folder, command, given),
      async close() {
        shell.close()
        return removeMarked(mark)
      },
    }
  } catch (error) {
    await removeMarked(mark)
    throw error
  }
}
