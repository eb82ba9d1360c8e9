// `--guest NAME=COMMAND` and `--log NAME=COMMAND`, from what was typed to a name and the words of a program. Nothing here
// is given to a shell:
//
//   lb01=ssh -p 2222 root@10.0.0.11         ssh, -p, 2222, root@10.0.0.11, and then `sh` (guest-script.ts)
//   lb01=sh -c 'zcat lb01.scap.gz' |        sh, -c, zcat lb01.scap.gz; it is the stream itself
//
// Words are split as a POSIX shell splits them (blanks, '…', "…", \), and nothing is expanded. What only a shell could
// mean ($HOME, a pipe in the middle, a redirection) is refused: whoever wants a shell writes `sh -c '…'`.

import { basename } from 'node:path'
import { Fault } from './fault.ts'

export interface GuestCommand {
  readonly name: string
  readonly argv: readonly [string, ...string[]]
  /** It says what is wanted by itself (a scap stream, lines); else it is a way into the guest, and a shell is started there. */
  readonly isStream: boolean
}

/** It names a file of a bundle and a row of the screen. A letter first: numbers name the files of an import. */
const namePattern = /^[A-Za-z][A-Za-z0-9._-]{0,39}$/
/** Of `--guest`, or of `--log`. */
export type WayOption = '--guest' | '--log'
const exampleOf = (option: WayOption): string => `For example: ${option} lb01='ssh root@lb01'`
const shellOnly = /[|&;<>()$`*?[\]#~=%!{}]/

interface Asked {
  readonly option: WayOption
  readonly name: string
}

const refuse = ({ option, name }: Asked, what: string, remedy: string): never => {
  throw new Fault(`${option} ${name}: ${what}.`, remedy, 2)
}

/** Throws a Fault for what only a shell could read. */
function wordsOf(asked: Asked, text: string): string[] {
  const example = exampleOf(asked.option)
  const words: string[] = []
  let word: string | undefined
  let i = 0
  const needsShell = (what: string): never =>
    refuse(asked, `${what} means something to a shell only, and no shell reads this command`, "Put it into sh -c '…'.")

  function quoted(quote: string): string {
    let inside = ''
    for (i++; i < text.length && text[i] !== quote; i++) {
      const one = text[i] ?? ''
      if (quote === '"' && (one === '$' || one === '`')) needsShell(one)
      if (quote === '"' && one === '\\' && /["\\$`]/.test(text[i + 1] ?? '')) inside += text[++i] ?? ''
      else inside += one
    }
    if (i >= text.length) refuse(asked, `a ${quote} is not closed`, example)
    return inside
  }

  for (; i < text.length; i++) {
    const one = text[i] ?? ''
    if (/\s/.test(one)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (one === "'" || one === '"') word = (word ?? '') + quoted(one)
    else if (one === '\\') word = (word ?? '') + (text[++i] ?? refuse(asked, 'it ends with a \\', example))
    else if (/[|&;<>()$`]/.test(one) || (word === undefined && shellOnly.test(one) && one !== '%' && one !== '='))
      needsShell(one)
    else word = (word ?? '') + one
  }
  if (word !== undefined) words.push(word)
  return words
}

/** `sysdig … -w -`, wherever it runs: nothing can be added to it. */
const isSysdigStream = (words: readonly string[]): boolean =>
  words.some((word, i) => word === '-w' && words[i + 1] === '-') ||
  words.some((word) => /\bsysdig\b.*\s-w\s*-(?:\s|$)/.test(word))

/** Is this `--log` NAME=COMMAND? A path holds a `/` before any `=`: ./a=b */
export const isInGuest = (log: string): boolean => /^[^/=]+=/.test(log)

/** Throws a Fault (exit code 2) that says what is wrong with it. */
export function parseGuestCommand(text: string, option: WayOption = '--guest'): GuestCommand {
  const at = text.indexOf('=')
  const name = text.slice(0, Math.max(0, at))
  if (at < 0 || !namePattern.test(name)) {
    throw new Fault(
      `${option} takes NAME=COMMAND; NAME is a letter, then letters, digits, dots, dashes and underscores, at most 40.`,
      exampleOf(option),
      2,
    )
  }
  const command = text.slice(at + 1).trim()
  // As in perl's open: a command that ends with a pipe is what comes out of it.
  const isPipe = command.endsWith('|') && !command.endsWith('\\|')
  const [program, ...rest] = wordsOf({ option, name }, isPipe ? command.slice(0, -1) : command)
  if (program === undefined || program === '') return refuse({ option, name }, 'it has no command', exampleOf(option))
  const words = [program, ...rest] as const
  return { name, argv: [program, ...rest], isStream: isPipe || isSysdigStream(words) }
}

const fileNameOf = (name: string): string => name.replaceAll(/[^a-zA-Z0-9_]+/g, '_')

/** Names have to differ, in the bundle's file names too. */
export function parseGuestCommands(all: readonly string[], option: WayOption = '--guest'): readonly GuestCommand[] {
  const guests = all.map((text) => parseGuestCommand(text, option))
  guests.forEach(({ name }, i) => {
    const other = guests.slice(0, i).find((one) => fileNameOf(one.name) === fileNameOf(name))
    if (other !== undefined)
      refuse({ option, name }, `it is called like ${other.name}`, 'Give each guest a name of its own.')
  })
  return guests
}

/** The program without its path: all that a row of the screen shows, and all that a bundle keeps of it. */
export const programOf = ({ argv: [program] }: GuestCommand): string => basename(program)
