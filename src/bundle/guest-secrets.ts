// The way into a guest is the operator's own business: `sshpass -p …` is a password, and what leads there is nobody else's
// concern. Of a command of `--guest` or `--log` a bundle keeps the program only, unless secrets are kept.

import { isInGuest, parseGuestCommand, programOf, type WayOption } from '../capture/guest-command.ts'
import { guestLogTool } from '../capture/guest-log.ts'
import type { ProbeNotice } from '../events/probe.ts'

const leftOut = '…'

function shortened(option: WayOption, text: string): string {
  if (option === '--log' && !isInGuest(text)) return text
  try {
    const guest = parseGuestCommand(text, option)
    return `${guest.name}=${programOf(guest)} ${leftOut}`
  } catch {
    return leftOut
  }
}

const options: readonly WayOption[] = ['--guest', '--log']

/** whylate's own command line. */
export const withoutGuestCommands = (words: readonly string[]): string[] =>
  words.map((word, i) => {
    const before = options.find((option) => words[i - 1] === option)
    if (before !== undefined) return shortened(before, word)
    const own = options.find((option) => word.startsWith(`${option}=`))
    return own === undefined ? word : `${own}=${shortened(own, word.slice(own.length + 1))}`
  })

const leadsIntoGuest = ({ part, tool }: Extract<ProbeNotice, { kind: 'started' }>): boolean =>
  part !== undefined || tool === guestLogTool

/** What a probe of a guest was started by. */
export const withoutGuestCommand = (notice: ProbeNotice): ProbeNotice =>
  notice.kind === 'started' && leadsIntoGuest(notice) && notice.argv !== undefined
    ? { ...notice, argv: [notice.argv[0] ?? '', leftOut] }
    : notice
