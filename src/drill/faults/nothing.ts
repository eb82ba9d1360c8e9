// Nothing at all. The hardest thing to say right.

import { waitFor, type Scenario } from '../scenario.ts'

export const healthy: Scenario = {
  name: 'healthy',
  summary: 'nothing at all: no advert may be called late',
  cause: 'none',
  defaultSeconds: 10,
  makesLate: false,
  async inject(pair, options) {
    const startAt = pair.now()
    options.onStart?.(startAt)
    await waitFor(options)
    return { cause: 'none', startAt, endAt: pair.now(), culprit: undefined, how: 'nothing was done' }
  },
}
