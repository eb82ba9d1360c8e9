import { test } from 'vitest'
import { guestScapOf, incidentNames, playIncident } from './fixtures/incident.ts'
const tell = (p: any) => p.engine.kernels().map(({ vantage, placing }: any) => `[${vantage.part}] ${placing.kind} ${placing.proof ?? placing.reason ?? ''} ${placing.clock ? `${placing.pairs} pairs off ${(placing.clock.offset / 1e6).toFixed(3)} ms drift ${(placing.clock.drift * 1e6).toFixed(1)} ppm err ${(placing.clock.error / 1e6).toFixed(2)} steps ${placing.clock.steps.map((s: any) => `${(s.by / 1e6).toFixed(2)}@${(s.window.from / 1e9).toFixed(2)}-${(s.window.to / 1e9).toFixed(2)}`)}` : ''}`).join(' | ')
test('placing', async () => {
  for (const n of incidentNames) {
    const g = guestScapOf(n)
    console.log(n, 'all:', tell(await playIncident(n)))
    console.log(n, 'noh:', tell(await playIncident(n, ['sysdig', 'tcpdump'])))
    if (!g) continue
    console.log(n, 'h+g:', tell(await playIncident(n, undefined, {}, { x: g })))
    console.log(n, 'g+t:', tell(await playIncident(n, ['tcpdump'], {}, { '': g })))
    console.log(n, 'g,samples:', tell(await playIncident(n, ['tcpdump', 'host'], {}, { '': g })))
  }
}, 100000)
