// The only way in which a text gets into the page: safe to print first, then without any meaning to HTML.

import { printable } from './printable.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Good for content and for quoted attributes. */
export const htmlText = (text: string): string => printable(text).replace(/[&<>"']/g, (mark) => entities[mark] ?? '')
