// When a process began: by it one whose number was given away anew is told from the one that had it.

/** Field 22 of /proc/PID/stat; the name in field 2 may hold anything, so the fields are counted from its end. */
export function startTicksOf(statText: string): string | undefined {
  return statText.slice(statText.lastIndexOf(')') + 2).split(' ')[19]
}
