// Preloaded into a whylate that is measured (NODE_OPTIONS=--require): each of its threads writes what its heap holds to
// $WHYLATE_HEAP_FILE, a JSON object a line. From outside only the RSS can be seen, which is what was ever asked for.

const { appendFileSync } = require('node:fs')
const { threadId } = require('node:worker_threads')

const everyMs = 10_000
const file = process.env.WHYLATE_HEAP_FILE
/** In a worker the script is the worker's own. */
const isWhylate = threadId > 0 || process.argv.some((argument) => argument.endsWith('whylate.js'))
if (file !== undefined && isWhylate)
  setInterval(() => {
    const { heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage()
    const line = { atMs: Date.now(), pid: process.pid, thread: threadId, heapUsed, heapTotal, external, arrayBuffers }
    appendFileSync(file, `${JSON.stringify(line)}\n`)
  }, everyMs).unref()
