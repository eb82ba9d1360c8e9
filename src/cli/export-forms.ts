// What `whylate export --to` can make.

export const exportForms = ['pcapng', 'csv', 'json', 'perfetto', 'bundle'] as const
export type ExportForm = (typeof exportForms)[number]
