// Sizes of files as people type and read them: `500M`, `2G`; `1.4 MB`.

const units: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 }

/** undefined when it is no size. Powers of ten, as disks are sold and `ls -h --si` shows. */
export function parseSize(text: string): number | undefined {
  const match = /^(?<count>\d+(?:\.\d+)?)(?<unit>[kMGT]?)B?$/.exec(text.replace('K', 'k'))
  const unit = units[match?.groups?.['unit'] ?? '']
  const count = Number(match?.groups?.['count'] ?? Number.NaN)
  return Number.isNaN(count) || unit === undefined ? undefined : count * unit
}

export function formatSize(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`
  return bytes >= 1e3 ? `${(bytes / 1e3).toFixed(0)} kB` : `${bytes} B`
}
