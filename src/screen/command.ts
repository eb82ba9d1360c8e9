// What a key stands for.

import type { PromptKind } from './prompt.ts'

export type Pane = 'overview' | 'window' | 'item' | 'timeline' | 'events' | 'compare'

/** A sentence for the operator; gone with the next key. */
export interface Said {
  readonly text: string
  readonly isWrong: boolean
}

export type Command =
  | { readonly kind: 'step'; readonly by: 1 | -1 }
  | { readonly kind: 'newest' }
  | { readonly kind: 'oldest' }
  | { readonly kind: 'open' }
  | { readonly kind: 'close' }
  | { readonly kind: 'scroll'; readonly by: 1 | -1; readonly unit: 'row' | 'page' | 'all' }
  | { readonly kind: 'item'; readonly by: 1 | -1; readonly unit: 'row' | 'all' }
  | { readonly kind: 'timeline' }
  | { readonly kind: 'zoom'; readonly times: number }
  | { readonly kind: 'pan'; readonly by: number }
  | { readonly kind: 'fit'; readonly to: 'late' | 'all' }
  | { readonly kind: 'cursor'; readonly by: number }
  | { readonly kind: 'change'; readonly by: 1 | -1 }
  | { readonly kind: 'lane'; readonly by: 1 | -1 }
  | { readonly kind: 'pin' }
  | { readonly kind: 'compare' }
  | { readonly kind: 'pause' }
  | { readonly kind: 'help' }
  | { readonly kind: 'prompt'; readonly for: PromptKind }
  | { readonly kind: 'type'; readonly text: string }
  | { readonly kind: 'erase'; readonly unit: 'letter' | 'word' | 'all' }
  | { readonly kind: 'complete' }
  | { readonly kind: 'accept' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'say'; readonly said: Said }
  | { readonly kind: 'seek'; readonly bySeconds: number }
  | { readonly kind: 'moment'; readonly by: 1 | -1 }
  | { readonly kind: 'speed'; readonly times: 2 | 0.5 }
  | { readonly kind: 'repaint' }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'quit' }
