// The guest lab: each fault, what the host alone says of it, and what is said with sysdig in the guest.
//
//   npm run lab                      every fault; about 25 s each
//   npm run lab -- --inside          a whylate that itself runs in the guest, beside them; alone with `none`
//   npm run lab -- none --drills all     `whylate drill` in the guest, on cgroup v2; or one of them; and doctor and audit
//   npm run lab -- --all             all of that
//   npm run lab -- --filters         what sysdig still tells when it is asked for less; alone with `none`
//   npm run lab -- sigstop quota     these; --engine none|bpftrace|sysdig, --seconds N, --keep FOLDER

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sweepLeftovers } from '../../dist/drill/leftovers.js'
import { faults } from './faults.js'
import { askInside, drillsInside, playDrill } from './drills.js'
import { playFilters } from './filters.js'
import { labObstacle, prepareImage, prepareImageWithWhylate } from './image.js'
import { openLabPair } from './pair.js'
import { isSharper, playInside, playRound } from './rounds.js'

const tell = (text) => process.stderr.write(`lab: ${text}\n`)

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string', default: 'auto' },
    seconds: { type: 'string', default: '3.5' },
    keep: { type: 'string' },
    inside: { type: 'boolean', default: false },
    filters: { type: 'boolean', default: false },
    drills: { type: 'string', multiple: true },
    all: { type: 'boolean', default: false },
    nice: { type: 'string', default: '0' },
  },
})
const wanted = positionals.length === 0 ? Object.keys(faults) : positionals.filter((name) => name !== 'none')
const unknown = wanted.find((name) => faults[name] === undefined)
const obstacle = labObstacle()
if (unknown !== undefined || obstacle !== undefined) {
  tell(
    unknown === undefined
      ? `there can be no guest here: ${obstacle}`
      : `there is no fault ${unknown}: ${Object.keys(faults).join(', ')}`,
  )
  process.exit(unknown === undefined ? 3 : 2)
}

// Its guest inherits it: among tests of timing nobody else should wait for a CPU.
if (values.nice !== '0') setPriority(Number(values.nice))
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'whylate-lab-'))
mkdirSync(folder, { recursive: true })
const said = (verdict) =>
  verdict === undefined
    ? 'nothing late'
    : `${verdict.confidence} ${verdict.cause}${verdict.culprit?.name === undefined ? '' : ` (${verdict.culprit.name})`}, ${Math.round(verdict.overrunMs)} ms late`

await sweepLeftovers()
const image = prepareImage(tell)
let isGood = true
process.stdout.write('| fault | truth | host alone | | host and guest | |\n|---|---|---|---|---|---|\n')

/** A pair of its own, removed again whatever becomes of it. */
async function withPair(made, options, use) {
  const pair = await openLabPair(made, options)
  tell(`the guest was up after ${(pair.bootMs / 1000).toFixed(1)} s, in ${pair.folder}`)
  try {
    await use(pair)
  } finally {
    await pair.close()
  }
}

async function playAll(pair) {
  for (const name of wanted) {
    const round = await playRound(pair, name, folder, Number(values.seconds), values.engine)
    const { fault, host, withGuest, hostIs, withGuestIs, row } = round
    isGood &&= isSharper(round)
    tell(`${name}: ${row?.detail ?? ''}`)
    process.stdout.write(
      `| ${name} | ${fault.cause} | ${said(host)} | ${hostIs} | ${said(withGuest)} | ${withGuestIs} |\n`,
    )
  }
}

async function playFromInside(pair) {
  const { verdict, is } = await playInside(pair, folder, Number(values.seconds))
  isGood &&= is === 'right'
  process.stdout.write(`| guest-stopped, whylate in the guest | sender-stopped | | | ${said(verdict)} | ${is} |\n`)
}

async function playLess(pair) {
  process.stdout.write(
    '\n| sysdig | events of keepalived | calls of others | switches | births and ends | |\n|---|---|---|---|---|---|\n',
  )
  for (const { step, counts, isRight } of await playFilters(pair, folder)) {
    isGood &&= isRight
    const { senders, calls, switches, lives } = counts
    process.stdout.write(
      `| ${step} | ${senders} | ${calls} | ${switches} | ${lives} | ${isRight ? 'right' : 'WRONG'} |\n`,
    )
  }
}

const drills = values.all || values.drills?.includes('all') ? drillsInside : (values.drills ?? [])

async function playDrills(pair) {
  process.stdout.write('\n| in the guest, cgroup v2 | done | found | | seconds |\n|---|---|---|---|---|\n')
  for (const name of drills) {
    const { mark, done, found, left, words, seconds } = await playDrill(
      pair,
      name,
      values.engine === 'auto' ? 'sysdig' : values.engine,
    )
    isGood &&= mark === 'right' && left === ''
    if (mark !== 'right') tell(`${name}: ${words}`)
    if (left !== '') tell(`${name} left behind: ${left}`)
    process.stdout.write(
      `| drill ${name} | ${done} | ${found.join('; ') || 'nothing late'} | ${mark} | ${Math.round(seconds)} |\n`,
    )
  }
  for (const { name, words, code, isRight } of await askInside(pair)) {
    isGood &&= isRight
    tell(`${name} in the guest:\n${words}`)
    process.stdout.write(`| ${name} | | exit code ${code} | ${isRight ? 'right' : 'WRONG'} | |\n`)
  }
}

if (wanted.length > 0) await withPair(image, {}, playAll)
if (values.filters || values.all) await withPair(image, {}, playLess)
if (values.inside || values.all)
  await withPair(prepareImageWithWhylate(image), { memoryMiB: 1024, smp: 2 }, playFromInside)
if (drills.length > 0) await withPair(prepareImageWithWhylate(image), { memoryMiB: 1536, smp: 2 }, playDrills)
if (values.keep === undefined) rmSync(folder, { recursive: true })
else tell(`bundles: ${folder}`)
process.exit(isGood ? 0 : 10)
