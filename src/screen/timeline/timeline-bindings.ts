// The part of the table of keys (bindings.ts) that holds in the timeline and over its events.

import type { Binding } from '../bindings.ts'

export const timelineBindings: readonly Binding[] = [
  { keys: ['right', 'l'], command: { kind: 'cursor', by: 1 }, pane: 'timeline', help: 'the cursor a column on' },
  {
    keys: ['left', 'h'],
    command: { kind: 'cursor', by: -1 },
    pane: 'timeline',
    help: 'the cursor a column back',
    hint: { rank: 3, text: '← → cursor' },
  },
  { keys: ['L', ')'], command: { kind: 'cursor', by: 10 }, pane: 'timeline', help: 'the cursor ten columns on' },
  { keys: ['H', '('], command: { kind: 'cursor', by: -10 }, pane: 'timeline', help: 'the cursor ten columns back' },
  {
    keys: ['+', '='],
    command: { kind: 'zoom', times: 0.5 },
    pane: 'timeline',
    help: 'look closer, around the cursor',
    hint: { rank: 4, text: '+ - zoom' },
  },
  { keys: ['-', '_'], command: { kind: 'zoom', times: 2 }, pane: 'timeline', help: 'see more of the time around it' },
  { keys: ['pagedown'], command: { kind: 'pan', by: 0.5 }, pane: 'timeline', help: 'half a page on' },
  { keys: ['pageup'], command: { kind: 'pan', by: -0.5 }, pane: 'timeline', help: 'half a page back' },
  { keys: ['home'], command: { kind: 'fit', to: 'late' }, pane: 'timeline', help: 'the window of the late advert' },
  { keys: ['end'], command: { kind: 'fit', to: 'all' }, pane: 'timeline', help: 'the whole session' },
  {
    keys: ['down', 'j'],
    command: { kind: 'lane', by: 1 },
    pane: 'timeline',
    help: 'the lane below',
    hint: { rank: 6, text: 'j k lane' },
  },
  { keys: ['up', 'k'], command: { kind: 'lane', by: -1 }, pane: 'timeline', help: 'the lane above' },
  { keys: ['P'], command: { kind: 'pin' }, pane: 'timeline', help: 'pin the lane to the top, or let it go' },
  {
    keys: ['enter'],
    command: { kind: 'open' },
    pane: 'timeline',
    help: 'the events of the lane under the cursor, with all their fields',
    hint: { rank: 5, text: 'Enter events' },
  },
  {
    keys: ['esc'],
    command: { kind: 'close' },
    pane: 'timeline',
    help: 'back to where it was opened',
    hint: { rank: 2, text: 'Esc back' },
  },
  {
    keys: ['esc'],
    command: { kind: 'close' },
    pane: 'events',
    help: 'back to the timeline',
    hint: { rank: 2, text: 'Esc back' },
  },
  {
    keys: ['down', 'j'],
    command: { kind: 'item', by: 1, unit: 'row' },
    pane: 'events',
    help: 'the next event',
    hint: { rank: 3, text: 'j k next before' },
  },
  { keys: ['up', 'k'], command: { kind: 'item', by: -1, unit: 'row' }, pane: 'events', help: 'the event before' },
  { keys: ['home'], command: { kind: 'item', by: -1, unit: 'all' }, pane: 'events', help: 'the first event' },
  { keys: ['end'], command: { kind: 'item', by: 1, unit: 'all' }, pane: 'events', help: 'the last event' },
]
