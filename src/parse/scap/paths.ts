// Which file a path means, by its text alone: `.`, `..` and `//` are taken out, a relative path goes behind its base.
// Links are not followed: the capture does not tell them.

/** What the drivers write for a path that they could not read. */
const unreadable = new Set(['', '<NA>', '(NULL)'])
/** Anything to take out: `//`, `/./`, `/../`, or one of them at the end. */
const unclean = /\/(?:\.{0,2}(?:\/|$))|^\.{1,2}(?:\/|$)/

export const isReadable = (path: string): boolean => !unreadable.has(path)

function cleaned(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') parts.pop()
    else parts.push(part)
  }
  return (path.startsWith('/') ? '/' : '') + parts.join('/')
}

/** `name` as seen from `base`; an absolute name, or an unknown base (''), stands alone. */
export function joinPath(base: string, name: string): string {
  const whole = name.startsWith('/') || base === '' ? name : `${base.endsWith('/') ? base : `${base}/`}${name}`
  return unclean.test(whole) ? cleaned(whole) : whole
}
