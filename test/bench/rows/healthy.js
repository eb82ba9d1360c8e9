// Healthy traffic of an hour and twenty flows, built: each keepalived has its own drift, up to 3 ms of scatter, and its packets
// pass the tap and the bridge. No advert may be late. What is real about it is only the format; the recorded healthy incidents
// are held to the same by the tests (test/incidents).

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tell } from '../measure.js'

const root = new URL('../../..', import.meta.url).pathname
const flows = 20
const seconds = 3600
const begin = 1_795_350_000
const folder = mkdtempSync(join(tmpdir(), 'whylate-bench-'))
const file = join(folder, 'healthy.pcap')

/** The same each time: a linear congruential generator. */
let seed = 12345
function chance() {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
  return seed / 2 ** 32
}

function sumOf(bytes) {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += bytes.readUInt16BE(i)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

function advertOf(flow, id) {
  const vrrp = Buffer.from([0x21, flow + 1, 101, 1, 0, 1, 0, 0, 10, 0, flow, 7, 0, 0, 0, 0, 0, 0, 0, 0])
  vrrp.writeUInt16BE(sumOf(vrrp), 6)
  const ip = Buffer.from([0x45, 0xc0, 0, 40, 0, 0, 0, 0, 255, 112, 0, 0, 10, 0, flow, 11, 224, 0, 0, 18])
  ip.writeUInt16BE(id & 0xffff, 4)
  ip.writeUInt16BE(sumOf(ip), 10)
  const ethernet = Buffer.from([1, 0, 0x5e, 0, 0, 18, 0x52, 0x54, 0, 0x20, 0x5a, flow, 8, 0])
  return Buffer.concat([ethernet, ip, vrrp])
}

const packets = []
for (let flow = 0; flow < flows; flow++) {
  const drift = 200e-6 + 800e-6 * chance()
  let at = chance()
  for (let id = 1; at < seconds; id++) {
    packets.push({ at: at + 0.003 * chance(), frame: advertOf(flow, id) })
    at += 1 + drift
  }
}
packets.sort((a, b) => a.at - b.at)

try {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b23c4d, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(256, 16)
  header.writeUInt32LE(1, 20)
  const records = packets.map(({ at, frame }) => {
    const record = Buffer.alloc(16)
    record.writeUInt32LE(begin + Math.floor(at), 0)
    record.writeUInt32LE(Math.floor((at % 1) * 1e9), 4)
    record.writeUInt32LE(frame.length, 8)
    record.writeUInt32LE(frame.length, 12)
    return Buffer.concat([record, frame])
  })
  writeFileSync(file, Buffer.concat([header, ...records]))
  const argv = [join(root, 'bin/whylate.js'), 'report', '--pcap', file, '--format', 'json']
  const report = JSON.parse(spawnSync(process.execPath, argv, { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout)
  const adverts = report.flows.reduce((sum, flow) => sum + flow.adverts, 0)
  const tcpdump = spawnSync('tcpdump', ['-r', file, '--count', 'proto 112'], { encoding: 'utf8' })
  const counted = Number(/(\d+) packets?/.exec(tcpdump.stdout)?.[1])
  tell({
    what: 'late adverts of healthy traffic, 1 h and 20 flows',
    bar: '0',
    ours: [report.late.length],
    theirs: [],
    unit: 'late adverts',
    isMet: report.late.length === 0,
    same: adverts === packets.length && report.flows.length === flows && (tcpdump.status !== 0 || counted === adverts),
    note: `${adverts} adverts, as tcpdump counts; the hour is built, not waited for`,
  })
} finally {
  rmSync(folder, { recursive: true })
}
