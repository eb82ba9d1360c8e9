// Everything the host says is hostile: process, file, cgroup and VM names, log lines. Nothing of it reaches a terminal
// or a page before it went through here.
//
// What can move a cursor, change a colour, set a clipboard, open a link or turn the writing direction is written out:
// ESC becomes `\x1b`, U+202E becomes `\u{202e}`. What only looks alike stays.

/** C0, DEL, C1; line and paragraph separators; bidi controls; zero-width and other format characters; lone surrogates. */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/gu

export function printable(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.codePointAt(0) ?? 0
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
  })
}
