// The filter of the list of late adverts: what it takes, what it lists, and what it says to what it does not take.

import { expect, test } from 'vitest'
import type { LateDigest } from '../../src/diagnose/late-digest.ts'
import { completionsOf, fitting, parseFilter } from '../../src/screen/filter.ts'
import { spanOf } from '../../src/time/instant.ts'
import { twoLate } from '../fixtures/snapshots.ts'

const digest = (number: number, change: Partial<LateDigest>): LateDigest => ({
  number,
  cause: 'unknown',
  confidence: 'unknown',
  culprit: undefined,
  actors: [],
  ...change,
})

/** #1: 0.412 s, W2, without a takeover. #2: 4.035 s, W1+, with one. */
const snapshot = {
  ...twoLate,
  digests: [
    digest(1, {
      cause: 'tx-held',
      confidence: 'likely',
      actors: [{ comm: 'rs:main Q:Reg', pid: 977, longest: spanOf(10e6) }],
    }),
    digest(2, {
      cause: 'sender-stopped',
      confidence: 'certain',
      actors: [
        { comm: 'qemu-system-x86', pid: 6875, longest: spanOf(4e9) },
        { comm: 'postgres', pid: 8120, longest: spanOf(0.7e9) },
      ],
    }),
  ],
}

function listed(text: string): readonly number[] | string {
  const filter = parseFilter(text)
  return typeof filter === 'string' ? filter : fitting(snapshot, filter).map((late) => late.number)
}

test.each([
  ['', [1, 2]],
  ['flow=205', [1, 2]],
  ['flow=192.168.7.11', [1, 2]],
  ['flow=tap1a2b3c4d-5e vrid=205', [1, 2]],
  ['vrid=12', []],
  ['cause=sender-stopped', [2]],
  ['cause!=sender-stopped', [1]],
  ['cause=TX-HELD', [1]],
  ['conf=certain', [2]],
  ['wire=w1', [2]],
  ['wire=W2', [1]],
  ['takeover', [2]],
  ['late>1s', [2]],
  ['late<1000', [1]],
  ['late>50ms late<1s', [1]],
  ['proc=Postgres', [2]],
  ['proc=8120', [2]],
  ['proc=812', []],
  ['lat>1s', [2]],
  ['proc=postgres lat>1s', []],
  ['proc=postgres lat>50ms', [2]],
  ['  proc=main   lat>5ms ', [1]],
])('%j lists %j', (text, numbers) => {
  expect(listed(text)).toEqual(numbers)
})

test.each([
  ['rsyslogd', 'rsyslogd is no term: write proc=rsyslogd, flow=rsyslogd or cause=rsyslogd.'],
  ['procs=x', 'There is no procs: there are flow= vrid= cause= conf= wire= proc= late> lat> takeover.'],
  ['cause=', 'cause= needs a value behind it.'],
  ['conf=sure', 'conf=sure is none of: unknown, possible, likely, certain.'],
  ['late>soon', 'late>soon needs a length of time, such as late>50ms.'],
  ['lat=50ms', 'lat is a length of time: write lat>50ms or lat<50ms.'],
  ['proc>50', 'proc is a word: write proc=50.'],
  ['vrid=all', 'vrid= needs a number from 1 to 255.'],
  ['takeover proc', 'proc is no term: write proc=proc, flow=proc or cause=proc.'],
])('%j is answered with a sentence', (text, sentence) => {
  expect(listed(text)).toBe(sentence)
})

test('one that is not summed up yet has no cause, and fits no filter for one', () => {
  const young = { ...snapshot, digests: [] }
  const filter = parseFilter('cause=sender-stopped')
  expect(typeof filter === 'string' ? filter : fitting(young, filter)).toEqual([])
})

test('the last word is completed from what this session has', () => {
  expect(completionsOf('takeover pr', snapshot)).toEqual(['proc='])
  expect(completionsOf('proc=po', snapshot)).toEqual(['proc=postgres'])
  // A name with a space in it cannot be typed as one word.
  expect(completionsOf('proc=rs', snapshot)).toEqual([])
  expect(completionsOf('cause=sender-s', snapshot)).toEqual(['cause=sender-stopped', 'cause=sender-starved'])
  expect(completionsOf('late', snapshot)).toEqual(['late>'])
  expect(completionsOf('', snapshot)).toContain('takeover')
})

test('a name of escape sequences is no completion', () => {
  const evil = { ...snapshot, digests: [digest(1, { actors: [{ comm: '\u001B[2J', pid: 1, longest: spanOf(1) }] })] }
  expect(completionsOf('proc=', evil)).toEqual([])
})
