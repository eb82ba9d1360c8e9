// What a colour means, and the only place where one is chosen.
//
// Blue and orange-red are told apart by all kinds of colour blindness, and nothing is said by colour alone: each of
// these stands beside a sign or a word. With NO_COLOR (no-color.org) only bold and inverse are left.

/** `late`: it costs something now. `warning`: it may. `unseen`: we could not look. */
export type Meaning = 'plain' | 'strong' | 'muted' | 'ok' | 'late' | 'warning' | 'unseen' | 'title' | 'cursor'

/** The part of Ink's text style that is used here. */
interface Style {
  readonly color?: string
  readonly bold?: boolean
  readonly inverse?: boolean
}

const colourful: Readonly<Record<Meaning, Style>> = {
  plain: {},
  strong: { bold: true },
  muted: { color: 'ansi256(244)' },
  ok: { color: 'ansi256(74)' },
  late: { color: 'ansi256(202)', bold: true },
  warning: { color: 'ansi256(214)' },
  unseen: { color: 'ansi256(176)' },
  title: { color: 'ansi256(74)', bold: true },
  cursor: { bold: true, inverse: true },
}

export type Palette = (meaning: Meaning) => Style

export function paletteOf(hasColour: boolean): Palette {
  if (hasColour) return (meaning) => colourful[meaning]
  return (meaning) => {
    const { bold, inverse } = colourful[meaning]
    return { ...(bold === undefined ? {} : { bold }), ...(inverse === undefined ? {} : { inverse }) }
  }
}
