// The one table of keys: what each does, where, and how it is told. keys.ts reads it.

import type { Snapshot } from '../engine/snapshot.ts'
import type { Command, Pane } from './state.ts'
import { timelineBindings } from './timeline/timeline-bindings.ts'

/** Where a key is pressed: while a prompt is open it gets them all. */
export interface KeyPlace {
  readonly pane: Pane | 'prompt'
  readonly mode: Snapshot['mode']
}

export interface Binding {
  /** As `keyNamesOf` calls them. */
  readonly keys: readonly string[]
  readonly command: Command
  /** Only in this pane; undefined: in every one but a prompt. The first binding that fits wins. */
  readonly pane?: KeyPlace['pane']
  readonly mode?: Snapshot['mode']
  readonly help: string
  /** For the last line, most wanted first; undefined: only in the help. */
  readonly hint?: { readonly rank: number; readonly text: string }
}

/** Keys of a pane first: the first binding that fits wins. */
export const bindings: readonly Binding[] = [
  ...timelineBindings,
  {
    keys: ['space'],
    command: { kind: 'pause' },
    mode: 'replay',
    help: 'play, or pause; at the end it begins anew',
    hint: { rank: 2, text: 'space play' },
  },
  { keys: ['right'], command: { kind: 'seek', bySeconds: 10 }, mode: 'replay', help: '10 s on' },
  {
    keys: ['left'],
    command: { kind: 'seek', bySeconds: -10 },
    mode: 'replay',
    help: '10 s back',
    hint: { rank: 5, text: '← → 10 s' },
  },
  { keys: ['.', 'n', 'right'], command: { kind: 'step', by: 1 }, help: 'next late advert, a newer one' },
  {
    keys: [',', 'p', 'left'],
    command: { kind: 'step', by: -1 },
    help: 'previous late advert, an older one',
    hint: { rank: 3, text: ', . older newer' },
  },
  { keys: ['up', 'k'], command: { kind: 'step', by: 1 }, pane: 'overview', help: 'up the list of late adverts' },
  { keys: ['down', 'j'], command: { kind: 'step', by: -1 }, pane: 'overview', help: 'down the list of late adverts' },
  { keys: ['home'], command: { kind: 'newest' }, pane: 'overview', mode: 'live', help: 'the newest, and stay with it' },
  { keys: ['home'], command: { kind: 'newest' }, pane: 'overview', mode: 'replay', help: 'the newest' },
  { keys: ['end'], command: { kind: 'oldest' }, pane: 'overview', help: 'the oldest' },
  {
    keys: ['pagedown'],
    command: { kind: 'seek', bySeconds: 60 },
    pane: 'overview',
    mode: 'replay',
    help: 'a minute on',
  },
  {
    keys: ['pageup'],
    command: { kind: 'seek', bySeconds: -60 },
    pane: 'overview',
    mode: 'replay',
    help: 'a minute back',
  },
  {
    keys: ['s'],
    command: { kind: 'moment', by: 1 },
    mode: 'replay',
    help: 'step to the next advert, note or blind spot',
  },
  { keys: ['a'], command: { kind: 'moment', by: -1 }, mode: 'replay', help: 'step back to the one before' },
  { keys: [']', '>'], command: { kind: 'speed', times: 2 }, mode: 'replay', help: 'twice as fast' },
  { keys: ['[', '<'], command: { kind: 'speed', times: 0.5 }, mode: 'replay', help: 'half as fast' },
  {
    keys: ['enter'],
    command: { kind: 'open' },
    pane: 'overview',
    help: 'the whole window of the selected late advert',
    hint: { rank: 4, text: 'Enter window' },
  },
  {
    keys: ['esc'],
    command: { kind: 'close' },
    pane: 'overview',
    mode: 'live',
    help: 'to the newest, live, all late adverts',
  },
  {
    keys: ['esc'],
    command: { kind: 'close' },
    pane: 'overview',
    mode: 'replay',
    help: 'all late adverts again; stops the reading of a bundle',
  },
  {
    keys: ['esc'],
    command: { kind: 'close' },
    pane: 'window',
    help: 'back to the overview',
    hint: { rank: 2, text: 'Esc back' },
  },
  {
    keys: ['enter'],
    command: { kind: 'open' },
    pane: 'window',
    help: 'its suspects and facts one by one, with all that is known of each',
    hint: { rank: 3, text: 'Enter each fact' },
  },
  {
    keys: ['down', 'j'],
    command: { kind: 'scroll', by: 1, unit: 'row' },
    pane: 'window',
    help: 'down a row',
    hint: { rank: 3, text: 'j k scroll' },
  },
  { keys: ['up', 'k'], command: { kind: 'scroll', by: -1, unit: 'row' }, pane: 'window', help: 'up a row' },
  { keys: ['pagedown'], command: { kind: 'scroll', by: 1, unit: 'page' }, pane: 'window', help: 'down a page' },
  { keys: ['pageup'], command: { kind: 'scroll', by: -1, unit: 'page' }, pane: 'window', help: 'up a page' },
  { keys: ['home'], command: { kind: 'scroll', by: -1, unit: 'all' }, pane: 'window', help: 'to the top' },
  { keys: ['end'], command: { kind: 'scroll', by: 1, unit: 'all' }, pane: 'window', help: 'to the end' },
  {
    keys: ['esc'],
    command: { kind: 'close' },
    pane: 'item',
    help: 'back to the window',
    hint: { rank: 2, text: 'Esc back' },
  },
  {
    keys: ['down', 'j'],
    command: { kind: 'item', by: 1, unit: 'row' },
    pane: 'item',
    help: 'the next suspect or fact',
    hint: { rank: 3, text: 'j k next before' },
  },
  { keys: ['up', 'k'], command: { kind: 'item', by: -1, unit: 'row' }, pane: 'item', help: 'the one before' },
  { keys: ['home'], command: { kind: 'item', by: -1, unit: 'all' }, pane: 'item', help: 'the first' },
  { keys: ['end'], command: { kind: 'item', by: 1, unit: 'all' }, pane: 'item', help: 'the last' },
  {
    keys: ['esc'],
    command: { kind: 'close' },
    pane: 'compare',
    help: 'back to the overview; none is marked then',
    hint: { rank: 2, text: 'Esc back' },
  },
  {
    keys: ['down', 'j'],
    command: { kind: 'scroll', by: 1, unit: 'row' },
    pane: 'compare',
    help: 'down',
    hint: { rank: 3, text: 'j k scroll' },
  },
  { keys: ['up', 'k'], command: { kind: 'scroll', by: -1, unit: 'row' }, pane: 'compare', help: 'up' },
  { keys: ['pagedown'], command: { kind: 'scroll', by: 1, unit: 'page' }, pane: 'compare', help: 'a page down' },
  { keys: ['pageup'], command: { kind: 'scroll', by: -1, unit: 'page' }, pane: 'compare', help: 'a page up' },
  {
    keys: ['t'],
    command: { kind: 'timeline' },
    help: 'the timeline: adverts, calls, CPUs, disks on one axis; and back',
    hint: { rank: 3, text: 't timeline' },
  },
  {
    keys: ['c'],
    command: { kind: 'compare' },
    help: 'mark a late advert; on another one: the two beside each other',
    hint: { rank: 9, text: 'c compare' },
  },
  {
    keys: ['space'],
    command: { kind: 'pause' },
    mode: 'live',
    help: 'hold the view, or go on; the capture never stops',
    hint: { rank: 6, text: 'space pause' },
  },
  {
    keys: ['g'],
    command: { kind: 'prompt', for: 'go-to' },
    help: 'go to a time, or to a late advert by its number',
    hint: { rank: 8, text: 'g go to' },
  },
  {
    keys: ['/'],
    command: { kind: 'prompt', for: 'filter' },
    help: 'list only some late adverts: proc=rsyslogd late>1s',
    hint: { rank: 7, text: '/ filter' },
  },
  { keys: ['m'], command: { kind: 'prompt', for: 'note' }, help: 'note something at this moment' },
  { keys: ['e'], command: { kind: 'prompt', for: 'export' }, help: 'write the window to a file: text, md or html' },
  { keys: ['?'], command: { kind: 'help' }, help: 'these keys', hint: { rank: 1, text: '? keys' } },
  { keys: ['ctrl-l'], command: { kind: 'repaint' }, help: 'draw the screen anew' },
  {
    keys: ['ctrl-z'],
    command: { kind: 'suspend' },
    mode: 'live',
    help: 'back to the shell until fg; the probes stop too',
  },
  { keys: ['ctrl-z'], command: { kind: 'suspend' }, mode: 'replay', help: 'back to the shell until fg' },
  { keys: ['q', 'ctrl-c'], command: { kind: 'quit' }, help: 'quit', hint: { rank: 0, text: 'q quit' } },
  {
    keys: ['enter'],
    command: { kind: 'accept' },
    pane: 'prompt',
    help: 'do it',
    hint: { rank: 0, text: 'Enter does it' },
  },
  {
    keys: ['esc', 'ctrl-c'],
    command: { kind: 'cancel' },
    pane: 'prompt',
    help: 'leave it',
    hint: { rank: 1, text: 'Esc leaves' },
  },
  { keys: ['tab'], command: { kind: 'complete' }, pane: 'prompt', help: 'complete the word' },
  { keys: ['backspace'], command: { kind: 'erase', unit: 'letter' }, pane: 'prompt', help: 'take a letter back' },
  { keys: ['ctrl-w'], command: { kind: 'erase', unit: 'word' }, pane: 'prompt', help: 'take a word back' },
  { keys: ['ctrl-u'], command: { kind: 'erase', unit: 'all' }, pane: 'prompt', help: 'take all of it back' },
]
