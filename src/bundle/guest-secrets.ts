// The way into a guest is the operator's own business: `sshpass -p …` is a password, and what leads there is nobody else's
// concern. Of a command of `--guest` a bundle keeps the program only, unless secrets are kept.

import { parseGuestCommand, programOf } from '../capture/guest-command.ts'
import type { ProbeNotice } from '../events/probe.ts'

const leftOut = '…'

function shortGuest(text: string): string {
  try {
    const guest = parseGuestCommand(text)
    return `${guest.name}=${programOf(guest)} ${leftOut}`
  } catch {
    return leftOut
  }
}

/** whylate's own command line. */
export const withoutGuestCommands = (words: readonly string[]): string[] =>
  words.map((word, i) => {
    if (words[i - 1] === '--guest') return shortGuest(word)
    return word.startsWith('--guest=') ? `--guest=${shortGuest(word.slice('--guest='.length))}` : word
  })

/** What a probe of a guest was started by. */
export const withoutGuestCommand = (notice: ProbeNotice): ProbeNotice =>
  notice.kind === 'started' && notice.part !== undefined && notice.argv !== undefined
    ? { ...notice, argv: [notice.argv[0] ?? '', leftOut] }
    : notice
