import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noName, type KernelSink, type NameId } from '../../src/events/kernel.ts'
import { createSysdigTextParser, isSysdigText } from '../../src/parse/sysdig-text.ts'
import { epochOf } from '../../src/time/instant.ts'

const origin = epochOf(1_795_350_000_000_000_000n)
const captures = join(import.meta.dirname, '../captures')

/** Everything that is told, one short line each. */
function told(pieces: readonly (string | Uint8Array)[]): string[] {
  const lines: string[] = []
  const names = ['']
  const name = (text: string): NameId => {
    if (!names.includes(text)) names.push(text)
    return names.indexOf(text) as NameId
  }
  const say = (kind: string, ...values: readonly (number | string)[]): void => {
    lines.push(`${kind} ${values.join(' ')}`)
  }
  const of = (id: NameId): string => (id === noName ? '-' : (names[id] ?? '?'))
  const sink: KernelSink = {
    name,
    malformed: ({ reason, where }) => say('malformed', `${reason} @${where}`),
    ignored: (kind) => say('ignored', kind),
    call: (at, latency, _cpu, tid, pid, comm, call, result, fd, file) =>
      say('call', at, latency, tid, pid, of(comm), of(call), result, fd, of(file)),
    switched: (at, _cpu, from, to, fromComm, toComm) => say('switch', at, from, of(fromComm), to, of(toComm)),
    woken: () => undefined,
    process: (at, change, tid, pid, parent, comm, detail) =>
      say('process', at, change, tid, pid, parent, of(comm), of(detail)),
    signal: (at, step, signal, from, _fromComm, to) => say('signal', at, step, signal, from, to),
    blockRequest: () => undefined,
    lost: (at, events) => say('lost', at, events),
  }
  const sent = (enterAt: number, at: number, tid: number): void => say('sent', at - enterAt, tid)
  const parser = createSysdigTextParser({ origin, sink, sent })
  for (const piece of pieces) parser.push(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece)
  parser.end()
  return lines
}

const row = (n: number, comm: string, rest: string, tid = 32397): string =>
  `${n}\t17953508172210${String(n).padStart(5, '0')}\t0\t${tid}\t${tid}\t${comm}\t${rest}\n`

// Verbatim from sysdig 0.36, `-r host.scap -p` with the 13 fields.
const sendmsg = `79	1795350817221051589	0	32397	32397	keepalived	>	sendmsg	0	0.0.0.0:112	<NA>	<NA>	fd=13(<4r>0.0.0.0:112) size=40 tuple=0.0.0.0:112->224.0.0.18:0 
80	1795350817221133601	0	32397	32397	keepalived	<	sendmsg	82012	192.0.2.2->224.0.0.18	SUCCESS	40	res=40 data=E..(.....p..........!.e.........totally_ 
`

describe('one row of each kind', () => {
  test('a finished call takes its length from sysdig, its descriptor from the enter', () => {
    expect(told([sendmsg])).toEqual([
      'call 817221133601 82012 32397 32397 keepalived sendmsg 40 13 192.0.2.2->224.0.0.18',
      'sent 82012 32397',
    ])
  })

  test('sysdig 0.41 prints no lengths: exit minus enter where the enter is there, unknown where it is not', () => {
    const without = sendmsg.replace('82012', '0')
    expect(told([without])[0]).toBe(
      'call 817221133601 82012 32397 32397 keepalived sendmsg 40 13 192.0.2.2->224.0.0.18',
    )
    const exitOnly = without.slice(without.indexOf('\n') + 1)
    expect(told([exitOnly])[0]).toContain('call 817221133601 NaN 32397')
  })

  test('switches, signals and the ends of threads', () => {
    const text = `81	1795350817221138468	0	32397	32397	keepalived	>	switch	82012	<NA>	<NA>	<NA>	next=32398(keepalived) pgft_maj=3 pgft_min=71 vm_size=29016 
4959	1795350818227110950	0	32488	32488	file-indexer	>	signaldeliver	0	<NA>	<NA>	<NA>	spid=32490 dpid=32488(file-indexer) sig=17(SIGCHLD) 
7159	1795350822935506262	0	32491	32491	sleep	>	procexit	0	<NA>	<NA>	<NA>	status=0 ret=0 sig=9 core=0 reaper_tid=0 
`
    expect(told([text])).toEqual([
      'switch 817221138468 32397 keepalived 32398 keepalived',
      'signal 818227110950 1 17 32490 32488',
      'process 822935506262 3 32491 32491 -1 sleep signal 9',
    ])
  })

  test('a kill is told at its enter, with whom it meant', () => {
    const kill =
      row(1, 'bash', '>\tkill\t0\t<NA>\t<NA>\t<NA>\tpid=26678(keepalived) sig=19(SIGSTOP) ') +
      row(2, 'bash', '<\tkill\t1\t<NA>\tSUCCESS\t0\tres=0 ')
    expect(told([kill])[1]).toBe('signal 817221000001 0 19 32397 26678')
  })
})

describe('hostile names', () => {
  const call = '<\tread\t5\t/etc/passwd\tSUCCESS\t8\tres=8 data=x '

  test('a TAB or a line feed in a name stays in the name', () => {
    expect(told([row(1, 'a\tb\n\u001b[31mc', call) + row(2, 'next', call)])).toEqual([
      'call 817221000001 5 32397 32397 a\tb\n\u001b[31mc read 8 -1 /etc/passwd',
      'call 817221000002 5 32397 32397 next read 8 -1 /etc/passwd',
    ])
  })

  test('a name that imitates the columns behind it is malformed, and costs its own row only', () => {
    expect(told([row(1, 'x\t<\tx\t0\t\t\t0\t', call) + row(2, 'next', call)])).toEqual([
      'malformed a process name that imitates the columns behind it @0',
      'call 817221000002 5 32397 32397 next read 8 -1 /etc/passwd',
    ])
  })

  test('the name of another thread in the arguments does not spoil a switch', () => {
    const next = '>\tswitch\t0\t<NA>\t<NA>\t<NA>\tnext=7(x\t<\tx\t0\t\t\t0) pgft_maj=0 '
    expect(told([row(1, 'keepalived', next)])).toEqual(['switch 817221000001 32397 keepalived 7 x\t<\tx\t0\t\t\t0'])
  })
})

describe('a real capture (sysdig 0.36)', () => {
  const bytes = gunzipSync(readFileSync(join(captures, 'sysdig-text/netns-freezer-sysdig-0.36.tsv.gz')))

  test('every row of it is read', () => {
    const lines = told([bytes])
    expect(lines.filter((line) => line.startsWith('malformed'))).toEqual([])
    expect(lines.filter((line) => line.startsWith('sent')).length).toBeGreaterThan(40)
  })

  const beginning = bytes.subarray(0, 6000)
  const whole = told([beginning])

  test('any split of the bytes gives the same', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: beginning.length }), { maxLength: 8 }), (cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), beginning.length]
        const pieces = edges.slice(1).map((to, i) => beginning.subarray(edges[i], to))
        expect(told(pieces)).toEqual(whole)
      }),
    )
  })

  test('a cut at any byte loses only the tail', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: beginning.length }), (length) => {
        const lines = told([beginning.subarray(0, length)]).filter((line) => !line.startsWith('malformed'))
        // The row that was cut may be told with less of its arguments.
        expect(lines.slice(0, -2)).toEqual(
          whole.filter((line) => !line.startsWith('malformed')).slice(0, Math.max(0, lines.length - 2)),
        )
      }),
    )
  })

  test('garbage is malformed, and the next row is read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (garbage) => {
        const noise = Buffer.concat([Buffer.from([0x21, 0x0a]), garbage, Buffer.from('\n')])
        const lines = told([noise, sendmsg])
        expect(lines.slice(-2)).toEqual(told([sendmsg]))
        expect(lines.some((line) => line.startsWith('malformed'))).toBe(true)
      }),
    )
  })
})

test('text by other fields is not mistaken for it', () => {
  expect(isSysdigText(sendmsg)).toBe(true)
  expect(isSysdigText('79 13:00:01.123456789 0 keepalived (32397) > sendmsg fd=13\n')).toBe(false)
})
