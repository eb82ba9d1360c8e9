// Names that say whose they are.

import { expect, test } from 'vitest'
import { isDead, isMarked, markOf, parseMark, readOwner } from '../../src/drill/mark.ts'

test('a mark names its owner, alone and as the beginning of a part’s name', () => {
  const owner = { pidNamespace: '4026531836', pid: 10905, startTicks: '163822' }
  const mark = markOf(owner, 2)
  expect(mark).toBe('whylate-drill-4026531836-10905-163822-2')
  expect(parseMark(mark)).toEqual({ mark, owner })
  expect(parseMark(`${mark}-node`)).toEqual({ mark, owner })
  expect(parseMark(`${mark}-lb03`)).toEqual({ mark, owner })
})

test.each([
  '',
  'node-0',
  'whylate-drill',
  'whylate-drill-1-2-3',
  'whylate-drill-a-2-3-4',
  'my-whylate-drill-1-2-3-4',
  'whylate-drill-1-2-3-4-../x',
  'whylate-drill-1-2-3-4-lb01-old',
])('%j is nobody’s', (name) => expect(parseMark(name)).toBeUndefined())

test('this process lives, and one with its pid and another start does not', async () => {
  const owner = await readOwner()
  expect(owner.pid).toBe(process.pid)
  expect(await isDead(owner)).toBe(false)
  expect(await isDead({ ...owner, startTicks: '1' })).toBe(true)
  expect(await isDead({ ...owner, startTicks: '1', pidNamespace: '7' })).toBe(false)
})

test('a process without the variable is not ours, whatever it is called', async () => {
  expect(await isMarked(process.pid, 'whylate-drill-1-2-3-4')).toBe(false)
})
