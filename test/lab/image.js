// Makes the lab's guest: Debian's kernel, and an initramfs of programs that are installed here. Nothing is installed, nothing
// is changed outside node_modules/.cache/whylate-lab, and nothing but Debian packages is in it.
//
//   apt-get download   kernel image, headers, kbuild, the sources of sysdig's module, dropbear (ssh)      41 MB
//   make               scap.ko for that kernel
//   cpio               busybox, keepalived, sysdig, dropbear and their libraries ─▶ base.cpio        what boots
//                      Node, dist, tcpdump ─▶ whylate.cpio                                 behind it, for a whylate in there
//
// `node test/lab/image.js` makes it; done before, it takes no time.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

const here = import.meta.dirname
const root = resolve(here, '../..')
export const cache = join(root, 'node_modules/.cache/whylate-lab')

const drillModulesAt = join(cache, 'drill-modules')

/** What has to be on this machine, and the Debian package that brings it. */
export const labPrograms = [
  ['qemu-system-x86_64', 'qemu-system-x86'],
  ['busybox', 'busybox-static'],
  ['gcc-12', 'gcc-12'],
  ['make', 'make'],
]

const modules = [
  'virtio',
  'virtio_ring',
  'virtio_pci_modern_dev',
  'virtio_pci_legacy_dev',
  'virtio_pci',
  'failover',
  'net_failover',
  'virtio_net',
  'virtio_console',
]

/** What a drill in the guest needs of its kernel, in the order in which they are loaded. */
const drillModules = ['llc', 'stp', 'bridge', 'veth', 'loop', 'sch_tbf']

/** And of its programs. */
const drillPrograms = ['bash', 'perl', 'ip', 'tc', 'taskset', 'chrt', 'mount', 'mkfs.ext2']

const libraries = 'usr/lib/x86_64-linux-gnu'

/** `isQuiet`: nothing to say is an answer, too. */
const run = (command, args, { isQuiet = false, ...options } = {}) => {
  try {
    return execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 * 1024 * 1024, ...options })
  } catch (error) {
    if (isQuiet) return ''
    const said = String(error.stderr ?? '')
      .trim()
      .split('\n')
      .slice(-5)
      .join('\n')
    throw new Error(
      `${command} ${args.slice(0, 4).join(' ')} …: ${error.code ?? `exit code ${error.status}`}\n${said}`,
      { cause: error },
    )
  }
}

const findProgram = (name) =>
  `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`
    .split(':')
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path))

/** Why there can be no lab here; undefined when there can. */
export function labObstacle() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'it is made for Linux on x86_64'
  if (process.getuid?.() !== 0) return 'it needs root: namespaces and taps'
  if (findProgram('apt-get') === undefined || findProgram('dpkg-deb') === undefined)
    return 'it is made of Debian packages'
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun'
  const missing = [...labPrograms, ['keepalived', 'keepalived'], ['sysdig', 'sysdig']].filter(
    ([program]) => findProgram(program) === undefined,
  )
  if (missing.length > 0) return `not installed: ${missing.map(([, name]) => name).join(', ')}`
  return undefined
}

/** What apt could not give: no fault of the lab's. */
export class Unavailable extends Error {}

function apt(program, args, options) {
  try {
    return String(run(program, args, options))
  } catch (error) {
    throw new Unavailable(error.message, { cause: error })
  }
}

/** `6.1.0-56-cloud-amd64`: the newest that this Debian has. A machine that was made small has no lists until it is asked to. */
function kernelVersion() {
  for (const isAsked of [false, true]) {
    if (isAsked) apt('apt-get', ['update', '-q'])
    const depends = run('apt-cache', ['depends', 'linux-image-cloud-amd64'], { isQuiet: true })
    const found = /Depends: linux-image-(?<version>\d\S*-cloud-amd64)/.exec(depends)?.groups?.version
    if (found !== undefined) return found
  }
  throw new Unavailable('apt knows no linux-image-cloud-amd64')
}

function downloadKernel(version) {
  const folder = join(cache, 'deb')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const [, series] = /^(\d+\.\d+)/.exec(version) ?? []
  const base = version.replace(/-cloud-amd64$/, '')
  const packages = [
    `linux-image-${version}`,
    `linux-headers-${version}`,
    `linux-headers-${base}-common`,
    `linux-kbuild-${series}`,
    'falcosecurity-scap-dkms',
    // ssh, of which both ends can be unpacked without anybody's sshd being started.
    'dropbear-bin',
    'libtomcrypt1',
    'libtommath1',
  ]
  // _apt may not write into a folder of root; apt says so, and does it as root.
  apt('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', ...packages], { cwd: folder })
  const tree = join(cache, 'tree')
  rmSync(tree, { recursive: true, force: true })
  for (const file of readdirSync(folder)) run('dpkg-deb', ['-x', join(folder, file), tree])
  rmSync(folder, { recursive: true })
  return tree
}

/** The headers point to /usr/src, where nothing of theirs is. */
function buildScapModule(tree, version) {
  const headers = join(tree, 'usr/src', `linux-headers-${version}`)
  const makefile = join(headers, 'Makefile')
  writeFileSync(makefile, readFileSync(makefile, 'utf8').replace('include /usr/src/', `include ${tree}/usr/src/`))
  const sources = join(
    tree,
    'usr/src',
    readdirSync(join(tree, 'usr/src')).find((name) => name.startsWith('scap-')),
  )
  run('make', ['-s', '-j2', 'CC=gcc-12', '-C', headers, `M=${sources}`, 'modules'])
  return join(sources, 'scap.ko')
}

function findModule(tree, version, name) {
  const found = String(run('find', [join(tree, 'lib/modules', version), '-name', `${name}.ko`])).trim()
  if (found === '') throw new Error(`the kernel ${version} has no module ${name}.ko`)
  return found.split('\n')[0]
}

/** A program and every library that it is linked to, each at its own path; those of `tree` where they would be installed. */
function copyProgram(into, path, as = path, tree = '') {
  const copy = (from, to) => {
    mkdirSync(dirname(join(into, to)), { recursive: true })
    copyFileSync(realpathSync(from), join(into, to))
  }
  copy(path, as)
  const env = { ...process.env, LD_LIBRARY_PATH: join(tree, libraries) }
  const linked = String(run('ldd', [path], { env })).matchAll(/(?:=> )?(?<file>\/\S+) \(0x/g)
  for (const { groups } of linked) copy(groups.file, tree === '' ? groups.file : groups.file.replace(tree, ''))
}

function pack(folder, archive) {
  const names = run('find', ['.'], { cwd: folder })
  writeFileSync(
    archive,
    execFileSync('busybox', ['cpio', '-o', '-H', 'newc'], {
      cwd: folder,
      input: names,
      maxBuffer: 1024 * 1024 * 1024,
      stdio: ['pipe', 'pipe', 'ignore'],
    }),
  )
}

function makeBase(version) {
  const tree = downloadKernel(version)
  const scap = buildScapModule(tree, version)
  const folder = join(cache, 'base')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'bin'), { recursive: true })
  mkdirSync(join(folder, 'modules'))
  modules.forEach((name) => copyFileSync(findModule(tree, version, name), join(folder, 'modules', `${name}.ko`)))
  copyFileSync(scap, join(folder, 'modules/scap.ko'))
  rmSync(drillModulesAt, { recursive: true, force: true })
  mkdirSync(drillModulesAt)
  drillModules.forEach((name) => copyFileSync(findModule(tree, version, name), join(drillModulesAt, `${name}.ko`)))
  copyFileSync(findProgram('busybox'), join(folder, 'bin/busybox'))
  writeFileSync(join(folder, 'bin/sh'), '')
  rmSync(join(folder, 'bin/sh'))
  run('ln', ['-s', 'busybox', join(folder, 'bin/sh')])
  for (const program of ['keepalived', 'sysdig']) copyProgram(folder, findProgram(program), `/usr/sbin/${program}`)
  if (existsSync('/usr/share/sysdig'))
    cpSync('/usr/share/sysdig', join(folder, 'usr/share/sysdig'), { recursive: true })
  makeSsh(tree, folder)
  copyProgram(folder, findProgram('chrt'), '/usr/bin/chrt')
  copyFileSync(join(here, 'guest/keepalived.conf'), join(folder, 'etc/keepalived.conf'))
  chmodSync(join(folder, 'etc/keepalived.conf'), 0o600)
  copyFileSync(join(here, 'guest/init'), join(folder, 'init'))
  chmodSync(join(folder, 'init'), 0o755)
  copyFileSync(join(tree, 'boot', `vmlinuz-${version}`), join(cache, 'vmlinuz'))
  pack(folder, join(cache, 'base.cpio'))
  rmSync(folder, { recursive: true })
  rmSync(tree, { recursive: true })
}

/** Keys of this lab only, which the cache keeps; the client stays outside. */
function makeSsh(tree, folder) {
  copyProgram(folder, join(tree, 'usr/sbin/dropbear'), '/usr/sbin/dropbear', tree)
  copyProgram(join(cache, 'ssh'), join(tree, 'usr/bin/dbclient'), '/dbclient', tree)
  const env = { ...process.env, LD_LIBRARY_PATH: join(tree, libraries) }
  const makeKey = (path) => {
    rmSync(path, { force: true })
    mkdirSync(dirname(path), { recursive: true })
    return String(run(join(tree, 'usr/bin/dropbearkey'), ['-t', 'ed25519', '-f', path], { env }))
  }
  makeKey(join(folder, 'etc/dropbear/host'))
  const publicKey = /^ssh-ed25519 \S+/m.exec(makeKey(join(cache, 'ssh/key')))?.[0] ?? ''
  mkdirSync(join(folder, 'root/.ssh'), { recursive: true, mode: 0o700 })
  writeFileSync(join(folder, 'root/.ssh/authorized_keys'), `${publicKey}\n`, { mode: 0o600 })
  writeFileSync(
    join(folder, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\ntcpdump:x:106:106::/nonexistent:/bin/false\n',
  )
  writeFileSync(join(folder, 'etc/group'), 'root:x:0:\ntcpdump:x:106:\n')
  writeFileSync(join(folder, 'etc/shells'), '/bin/sh\n')
}

const digestOf = (...texts) => createHash('sha256').update(texts.join('\0')).digest('hex')

/** Makes what is missing or old; returns the paths. `tell`: hears what takes long. */
export function prepareImage(tell = () => undefined) {
  mkdirSync(cache, { recursive: true })
  const version = kernelVersion()
  const stamp = join(cache, 'stamp')
  const wanted = digestOf(
    version,
    readFileSync(join(here, 'guest/init'), 'utf8'),
    readFileSync(join(here, 'guest/keepalived.conf'), 'utf8'),
    readFileSync(import.meta.filename, 'utf8'),
  )
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    tell(`making the guest: Debian's kernel ${version}, and sysdig's module for it`)
    rmSync(stamp, { force: true })
    makeBase(version)
    writeFileSync(stamp, wanted)
  }
  return { version, kernel: join(cache, 'vmlinuz'), initrd: join(cache, 'base.cpio'), ssh: join(cache, 'ssh') }
}

/** What is installed of whylate: all packages but one are joined into dist/program. */
const programFiles = ['bin', 'dist/program', 'probes', 'package.json', 'node_modules/systeminformation']

/** The modules that `perl -e` asks for, and the configuration that some programs warn without. */
const drillFiles = ['/usr/lib/x86_64-linux-gnu/perl-base', '/etc/mke2fs.conf']

/** The same image with Node, tcpdump, the built whylate and what its drill needs: made anew each time, in two seconds. */
export function prepareImageWithWhylate(image) {
  const folder = join(cache, 'inside')
  rmSync(folder, { recursive: true, force: true })
  for (const program of [realpathSync(process.execPath), findProgram('tcpdump')])
    copyProgram(folder, program, `/usr/bin/${basename(program)}`)
  for (const name of drillPrograms) {
    const program = findProgram(name)
    if (program !== undefined) copyProgram(folder, program, `/usr/sbin/${name}`)
  }
  // busybox's own runs its applets before the programs of that name: `exec ip` is then none that knows `netns`.
  symlinkSync('/usr/sbin/bash', join(folder, 'usr/sbin/sh'))
  for (const path of drillFiles) if (existsSync(path)) cpSync(path, join(folder, path), { recursive: true })
  cpSync(drillModulesAt, join(folder, 'drill-modules'), { recursive: true })
  const home = join(folder, 'opt/whylate')
  for (const one of programFiles) cpSync(join(root, one), join(home, one), { recursive: true })
  const archive = join(cache, 'inside.cpio')
  pack(folder, archive)
  rmSync(folder, { recursive: true })
  const initrd = join(cache, 'with-whylate.cpio')
  writeFileSync(initrd, Buffer.concat([readFileSync(image.initrd), readFileSync(archive)]))
  rmSync(archive)
  return { ...image, initrd }
}

if (process.argv[1] === import.meta.filename) {
  const obstacle = labObstacle()
  if (obstacle !== undefined) {
    process.stderr.write(`lab: there can be no guest here: ${obstacle}\n`)
    process.exit(3)
  }
  // `--check`: only that.
  try {
    if (process.argv[2] !== '--check') prepareImage((text) => process.stderr.write(`lab: ${text}\n`))
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    process.stderr.write(`lab: there can be no guest here: ${error.message}\n`)
    process.exit(3)
  }
}
