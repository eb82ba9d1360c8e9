// How the page looks, and the hatching that its pictures share. Light and dark by the reader's own setting; prints too.

export const pageStyle = `
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #5b6470; --paper: #fff; --panel: #f4f6f8; --line: #d5dae0; --late: #fde2dc;
  --running: #3d8a4b; --runnable: #c98a00; --blocked: #2f6fb5; --stopped: #c2382b; --throttled: #9a4fb0; --paging: #007d87;
  --held: #a0522d; --disk: #6b7683; --unexplained: #9aa3ad; --moment: #444c56; --amber: #855d00 }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e7ec; --dim: #9aa4b0; --paper: #14171a; --panel: #1e2328; --line: #363d45;
  --late: #4a2520; --running: #5fb06e; --runnable: #e0a92e; --blocked: #5c9ae0; --stopped: #ef6b5e; --throttled: #c184d6; --paging: #35b2bc;
  --held: #d08a62; --disk: #8e99a6; --unexplained: #6d7680; --moment: #c3cad2; --amber: #e0a92e } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1180px; padding: 16px; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 22px; margin: 0 0 4px } h2 { font-size: 18px; margin: 28px 0 8px } h3 { font-size: 15px; margin: 0 0 8px } h4 { font-size: 13px; margin: 14px 0 4px; color: var(--dim) }
p { margin: 6px 0 } .dim { color: var(--dim) }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: 13px; overflow-wrap: normal }
th, td { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top } th { color: var(--dim); font-weight: 600; white-space: nowrap }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums } td.text { min-width: 220px; overflow-wrap: anywhere }
article { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 14px; margin: 14px 0 }
.verdict { font-size: 17px; font-weight: 600; margin: 8px 0 } .tag { display: inline-block; font-size: 12px; font-weight: 600; padding: 1px 8px; border-radius: 10px; border: 1px solid currentColor; margin-right: 6px }
.certain { color: var(--stopped) } .likely { color: var(--amber) } .possible { color: var(--blocked) } .unknown { color: var(--dim) }
ul { margin: 4px 0; padding-left: 20px } li { margin: 2px 0; font-size: 14px }
svg { display: block; overflow: hidden } svg text { font: 12px system-ui, sans-serif; fill: var(--ink); paint-order: stroke; stroke: var(--panel); stroke-width: 3px; stroke-opacity: .7 } .ledger { border-radius: 3px }
rect.running { fill: var(--running) } rect.runnable { fill: var(--runnable) } rect.blocked { fill: var(--blocked) } rect.stopped, rect.frozen, rect.vm-stopped { fill: var(--stopped) }
rect.throttled { fill: var(--throttled) } rect.paging { fill: var(--paging) } rect.held, rect.re-armed { fill: var(--held) } rect.disk { fill: var(--disk) } rect.moment { fill: var(--moment) }
rect.unexplained { fill: var(--unexplained) } rect.late { fill: var(--late) } rect.unseen { fill: url(#hatch) } rect.coarse { opacity: .55 }
figure.timeline { margin: 0; font-size: 12px } .lanes { position: relative; padding: 4px 0 } svg.marks { position: absolute; inset: 0 } .lane { position: relative; padding: 2px 0 4px }
.lane span { line-height: 1.3; text-shadow: 0 0 3px var(--panel), 0 0 3px var(--panel) }
line.advert { stroke: var(--ink); stroke-width: 2 } line.due { stroke: var(--ink); stroke-dasharray: 3 3 }
ul.plain { list-style: none; padding: 0 } .swatch { width: 10px; height: 10px; display: inline-block; vertical-align: baseline; margin-right: 5px } .hatching { position: absolute } .hatching path { stroke: var(--dim) }
details { margin-top: 10px } summary { cursor: pointer; font-size: 13px; color: var(--dim) }
@media print { article { break-inside: avoid } }
`

export const hatching =
  '<svg class="hatching" width="0" height="0" aria-hidden="true"><defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V7" stroke-width="4"/></pattern></defs></svg>'
