// `whylate record --systemd`: a unit file that records from boot on, for /etc/systemd/system/whylate-record.service.

import { fileURLToPath } from 'node:url'

/** One word of ExecStart= (systemd.service(5), systemd.syntax(7)): quoted, with % and $ doubled. */
const word = (text: string): string => {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /^[\w./:=,@%+-]+$/.test(escaped) ? escaped : `"${escaped}"`
}

/** `argv`: the arguments of `whylate`, with --systemd among them. */
export function formatUnit(argv: readonly string[]): string {
  const program = fileURLToPath(new URL('../../bin/whylate.js', import.meta.url))
  const given = argv.filter((one) => one !== '--systemd')
  const hasOutput = given.some((one) => /^(?:-o.*|--output(?:=.*)?)$/.test(one))
  const all = [...given, ...(hasOutput ? [] : ['-o', '/var/lib/whylate'])]
  return `# whylate record --systemd > /etc/systemd/system/whylate-record.service
# systemctl daemon-reload && systemctl enable --now whylate-record
[Unit]
Description=Records what made VRRP adverts late
After=network.target

[Service]
ExecStart=${[process.execPath, program, ...all, '-q'].map(word).join(' ')}
# Asked to end, it closes its bundle. 10: something was late, and was recorded.
KillSignal=SIGTERM
KillMode=mixed
TimeoutStopSec=20
SuccessExitStatus=10
Restart=on-failure
RestartSec=30
StateDirectory=whylate
StateDirectoryMode=0700
UMask=0077
LimitMEMLOCK=infinity
# It watches: it never needs more than the capacity that nobody else wants.
CPUWeight=20
IOWeight=20
OOMScoreAdjust=500

[Install]
WantedBy=multi-user.target
`
}
