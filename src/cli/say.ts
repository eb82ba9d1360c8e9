// Where words leave the program: answers on stdout, everything else on stderr, nothing unescaped.

import { printable } from '../report/printable.ts'
import type { Fault } from '../capture/fault.ts'

export function answer(text: string): void {
  process.stdout.write(text)
}

export function notice(text: string): void {
  process.stderr.write(`${printable(text)}\n`)
}

export function tellFault(fault: Fault): void {
  notice(`whylate: ${fault.message}`)
  if (fault.remedy !== '') notice(`  ${fault.remedy}`)
}
