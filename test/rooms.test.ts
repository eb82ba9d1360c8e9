// The house rule: which room may import from which. The README's table of rooms is checked against the same data.

import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')

const rooms = {
  time: [],
  events: ['time'],
  parse: ['time', 'events'],
  store: ['time', 'events'],
  diagnose: ['time', 'events', 'store'],
  capture: ['time', 'events'],
  engine: ['time', 'events', 'parse', 'store', 'diagnose', 'capture'],
  bundle: ['time', 'events', 'parse', 'diagnose', 'capture'],
  session: ['time', 'events', 'parse', 'store', 'diagnose', 'capture', 'engine', 'bundle'],
  report: ['time', 'events', 'diagnose', 'engine', 'session'],
  screen: ['time', 'events', 'diagnose', 'engine', 'session', 'report'],
  audit: ['time', 'events', 'parse', 'diagnose', 'capture', 'report'],
  drill: ['time', 'events', 'capture'],
  cli: [
    'time',
    'events',
    'parse',
    'store',
    'diagnose',
    'capture',
    'engine',
    'bundle',
    'session',
    'report',
    'screen',
    'audit',
    'drill',
  ],
} as const satisfies Record<string, readonly string[]>

type Room = keyof typeof rooms

/** What only a room's types may be taken from. */
const typesOnly: Partial<Record<Room, readonly string[]>> = {
  bundle: ['diagnose'],
  screen: ['engine', 'session'],
  report: ['engine', 'session'],
  audit: ['diagnose'],
}

function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(root, folder, name))
}

function importsOf(file: string): { readonly target: string; readonly isType: boolean }[] {
  const text = readFileSync(file, 'utf8')
  return [
    ...text.matchAll(/^(?:import|export)\s(?<type>type\s)?[^'"]*?from\s+'(?<target>\.[^']+)'/gm),
    ...text.matchAll(/import\('(?<target>\.[^']+)'\)/g),
  ].map((match) => ({
    target: resolve(dirname(file), match.groups?.['target'] ?? ''),
    isType: match.groups?.['type'] !== undefined,
  }))
}

const roomOf = (file: string): string => relative(join(root, 'src'), file).split('/')[0] ?? ''

test('each room imports only from the rooms that it may', () => {
  const broken: string[] = []
  for (const file of sourcesIn('src')) {
    const room = roomOf(file) as Room
    expect(Object.keys(rooms)).toContain(room)
    for (const { target, isType } of importsOf(file)) {
      const other = roomOf(target)
      if (other === room) continue
      const isAllowed = (rooms[room] as readonly string[]).includes(other)
      const isOnlyForTypes = typesOnly[room]?.includes(other) ?? false
      if (!isAllowed || (isOnlyForTypes && !isType))
        broken.push(`${relative(root, file)} imports ${relative(root, target)}`)
    }
  }
  expect(broken).toEqual([])
})

test('imports flow one way: no file leads back to itself, types counted', () => {
  const importsIn = new Map(sourcesIn('src').map((file) => [file, importsOf(file).map(({ target }) => target)]))
  const settled = new Set<string>()
  const circles: string[] = []
  function visit(file: string, path: readonly string[]): void {
    if (path.includes(file))
      circles.push([...path.slice(path.indexOf(file)), file].map((one) => relative(root, one)).join(' -> '))
    if (path.includes(file) || settled.has(file)) return
    for (const target of importsIn.get(file) ?? []) visit(target, [...path, file])
    settled.add(file)
  }
  for (const file of importsIn.keys()) visit(file, [])
  expect(circles).toEqual([])
})

test('only the edges touch a terminal, a child process or a clock', () => {
  const forbidden: Readonly<Record<string, readonly RegExp[]>> = {
    time: [/from 'node:/, /Date\.now\(/],
    events: [/from 'node:/, /Date\.now\(/],
    parse: [/from 'node:(?!zlib)/, /Date\.now\(/],
    store: [/from 'node:/, /Date\.now\(/],
    diagnose: [/from 'node:/, /Date\.now\(/],
    report: [/from 'node:/, /Date\.now\(/],
  }
  const broken: string[] = []
  for (const [room, patterns] of Object.entries(forbidden)) {
    for (const file of sourcesIn(`src/${room}`)) {
      const text = readFileSync(file, 'utf8')
      for (const pattern of patterns) if (pattern.test(text)) broken.push(`${relative(root, file)}: ${pattern.source}`)
    }
  }
  expect(broken).toEqual([])
})

test('nothing of the project needs what lies outside it', () => {
  const outside = [...sourcesIn('src'), ...sourcesIn('test')].filter((file) =>
    readFileSync(file, 'utf8').includes(['..', 'shared'].join('/')),
  )
  expect(outside.map((file) => relative(root, file))).toEqual([])
})

test("the README's table of rooms says the same", () => {
  const rows = [
    ...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^\| `(?<room>\w+)` \|[^|]*\| (?<imports>[^|]*?) ?\|$/gm),
  ]
  const told = Object.fromEntries(
    rows.map(({ groups }) => [groups?.['room'] ?? '', (groups?.['imports'] ?? '').trim()]),
  )
  const wanted = Object.fromEntries(
    Object.entries(rooms).map(([room, imports]) => {
      const names = imports.map((other) =>
        typesOnly[room as Room]?.includes(other) === true ? `${other} (types)` : other,
      )
      return [room, names.length === Object.keys(rooms).length - 1 ? 'all' : names.join(', ')]
    }),
  )
  expect(told).toEqual(wanted)
})
