// What a colour means, and the only place where one is chosen.
//
// Blue and orange-red are told apart by all kinds of colour blindness, and nothing is said by colour alone: each of
// these stands beside a sign or a word. With NO_COLOR (no-color.org) only bold and inverse are left.

/** `late`: it costs something now. `warning`: it may. `unseen`: we could not look. */
export type Meaning = 'plain' | 'strong' | 'muted' | 'ok' | 'late' | 'warning' | 'unseen' | 'title' | 'cursor'

interface Style {
  /** Of the 256 colours of xterm. */
  readonly colour?: number
  readonly isBold?: boolean
  readonly isInverse?: boolean
}

const styles: Readonly<Record<Meaning, Style>> = {
  plain: {},
  strong: { isBold: true },
  muted: { colour: 244 },
  ok: { colour: 74 },
  late: { colour: 202, isBold: true },
  warning: { colour: 214 },
  unseen: { colour: 176 },
  title: { colour: 74, isBold: true },
  cursor: { isBold: true, isInverse: true },
}

/** The parameters of SGR (`1;38;5;202`); empty for none. */
export type Palette = (meaning: Meaning) => string

export function paletteOf(hasColour: boolean): Palette {
  const parametersOf = ({ colour, isBold, isInverse }: Style): string =>
    [
      ...(isBold === true ? ['1'] : []),
      ...(isInverse === true ? ['7'] : []),
      ...(hasColour && colour !== undefined ? [`38;5;${colour}`] : []),
    ].join(';')
  const parameters = Object.fromEntries(
    Object.entries(styles).map(([meaning, style]) => [meaning, parametersOf(style)]),
  ) as Record<Meaning, string>
  return (meaning) => parameters[meaning]
}
