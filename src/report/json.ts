// `report --format json`: one document, ASCII only. JSON leaves DEL, C1 controls and the marks that turn the writing
// direction as they are; written as \uXXXX they mean the same to a program and nothing to a terminal.

import type { Report } from './report-shape.ts'

/** Any value of ours as such a document. */
export function formatDocument(value: object): string {
  const text = JSON.stringify(value, undefined, 2)
  return `${text.replace(/[^\x20-\x7e\n]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}

export const formatJson = (report: Report): string => formatDocument(report)
