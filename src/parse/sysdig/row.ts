// One row of sysdig's 13 fields, from text to its columns.

export interface SysdigRow {
  /** ns since 1970, 19 digits. */
  readonly stamp: string
  readonly cpu: number
  readonly tid: number
  /** undefined: `<NA>`. */
  readonly pid: number | undefined
  readonly comm: string
  readonly isExit: boolean
  readonly type: string
  readonly latencyNs: number
  /** Empty when the event has none, or has one without a name. */
  readonly fdName: string
  readonly result: number | undefined
  readonly args: string
}

/** Number, stamp, CPU: a name of 15 bytes is too short to imitate this. */
export const rowBegin = /^\d{1,20}\t\d{19}\t\d{1,5}\t/

const front = String.raw`^\d+\t(?<stamp>\d{19})\t(?<cpu>\d{1,5})\t(?<tid>-?\d{1,10}|<NA>)\t(?<pid>-?\d{1,10}|<NA>)\t`
const back = String.raw`\t(?<dir>[<>])\t(?<type>\w{1,64})\t(?<latency>\d{1,19}|<NA>)\t(?<fd>[^\t\n]*)\t(?<res>\w*|<NA>)\t(?<rawres>-?\d{1,20}|<NA>)\t(?<args>[^]*)$`
/** The kernel keeps 15 bytes of a name; the shortest and the longest reading of them must agree. */
const shortest = new RegExp(`${front}(?<name>[^]{0,15}?)${back}`)
const longest = new RegExp(`${front}(?<name>[^]{0,15})${back}`)
/** Old captures name a process by its executable. */
const longName = new RegExp(`${front}(?<name>[^\\t\\n]{16,255})${back}`)

const numberOf = (text: string | undefined): number | undefined =>
  text === undefined || text === '<NA>' || text === '' ? undefined : Number(text)
const nameOf = (text: string | undefined): string => (text === undefined || text === '<NA>' ? '' : text)

/** The row, or why it cannot be read. */
export function parseSysdigRow(text: string): SysdigRow | string {
  const first = (shortest.exec(text) ?? longName.exec(text))?.groups
  if (first === undefined) return 'a row without the 13 fields'
  const name = first['name'] ?? ''
  // Only a name that holds a TAB, or is followed by columns like its own, can be read in two ways.
  if (name.length <= 15 && longest.exec(text)?.groups?.['name'] !== name)
    return 'a process name that imitates the columns behind it'
  const tid = numberOf(first['tid'])
  if (tid === undefined) return 'a row without a thread'
  return {
    stamp: first['stamp'] ?? '0',
    cpu: Number(first['cpu']),
    tid,
    pid: numberOf(first['pid']),
    comm: nameOf(name),
    isExit: first['dir'] === '<',
    type: first['type'] ?? '',
    latencyNs: numberOf(first['latency']) ?? 0,
    fdName: nameOf(first['fd']),
    result: numberOf(first['rawres']),
    args: first['args'] ?? '',
  }
}
