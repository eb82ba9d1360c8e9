// A timing is never a test: these limits only end what hangs, on a machine that others keep busy, too.

import { defineConfig } from 'vitest/config'

export default defineConfig({ test: { testTimeout: 60_000, hookTimeout: 60_000 } })
