// The program as it is started: what tsc made of src (dist/<room>/…) and its packages, joined into a few files in
// dist/program. Node takes over a millisecond to load a module, and the recorder had over 480 of them before its first word.
//
//   dist/cli/main.js ─────────┐
//   dist/**/…-worker.js ──────┼─▶ dist/program/main.js, …-worker.js, a file for what each command needs, licenses.txt
//   node_modules/execa, ink … ┘
//
// All files lie in one folder, two below the root like those of src/<room>: what the source names beside itself (its
// workers) or from there (probes/, package.json) is found by the same relative path.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'rolldown'

const entries = ['cli/main', 'engine/engine-worker', 'capture/heartbeat-worker', 'capture/host/sampler-worker']

/** CommonJS that requires its parts by platform, and what Ink's development mode would load: those stay packages. */
const external = [/^systeminformation/, 'react-devtools-core']

/** `/x/node_modules/ink/node_modules/cli-cursor/index.js` -> `/x/node_modules/ink/node_modules/cli-cursor` */
const packageOf = (id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0]

function licenseOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  return `${name} ${version}, ${license}\n\n${file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim()}\n`
}

/** The licenses of the packages that are joined in ask for their texts to go along. */
const licenses = {
  name: 'licenses',
  generateBundle(_, output) {
    const ids = Object.values(output).flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
    const folders = [...new Set(ids.map(packageOf))].filter((folder) => folder !== undefined).toSorted()
    const source = folders.map(licenseOf).join(`\n${'-'.repeat(80)}\n\n`)
    this.emitFile({ type: 'asset', fileName: 'licenses.txt', source })
  },
}

export default defineConfig({
  input: entries.map((name) => `dist/${name}.js`),
  platform: 'node',
  external,
  plugins: [licenses],
  transform: { define: { 'process.env.NODE_ENV': '"production"' } },
  output: {
    dir: 'dist/program',
    cleanDir: true,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    assetFileNames: '[name][extname]',
  },
})
