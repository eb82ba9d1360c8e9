// Everything the host says is hostile: process, file, cgroup and VM names, log lines. Nothing of it reaches a terminal
// or a page before it went through here.
//
// What can move a cursor, change a colour, set a clipboard, open a link or turn the writing direction is written out:
// ESC becomes `\x1b`, U+202E becomes `\u{202e}`. So is what terminals disagree about the width of (emoji and what
// modifies them, flags, piled up combining marks), because it would shift the columns behind it, and what cannot be
// seen at all. What only looks alike stays.

/**
 * C0, DEL, C1; line and paragraph separators; bidi controls; zero-width and other format characters; lone surrogates;
 * private use and unassigned; invisible fillers and variation selectors; emoji, one column to some terminals and two
 * to others.
 */
const unsafe =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029\p{Default_Ignorable_Code_Point}\p{Regional_Indicator}\p{Emoji_Presentation}\p{Emoji_Modifier}\u20e3]/gu
/** Vowels and finals of Hangul that melt into the letter before them, or stand alone: two columns, or four. */
const melting = /[\u1160-\u11ff\ud7b0-\ud7fb]/g
const markRun = /\p{M}+/gu
/** As many as living scripts put on one letter. */
const marksPerLetter = 3

function written(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
}

/** A mark without a letter would settle on what we print before it; a pile of them would never end. */
function tamedMarks(run: string, offset: number, whole: string): string {
  const marks = Array.from(run)
  const hasLetter = offset > 0 && whole[offset - 1] !== ' '
  const kept = hasLetter ? marksPerLetter : 0
  return marks.slice(0, kept).join('') + marks.slice(kept).map(written).join('')
}

export function printable(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text
  return text.replace(unsafe, written).replace(melting, written).replace(markRun, tamedMarks)
}
