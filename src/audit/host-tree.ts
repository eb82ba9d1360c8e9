// The host as files: /proc and /sys, read once, below a root that a test can lay elsewhere.
//
// What is gone, forbidden or not of this kernel is undefined; whoever asked says that it could not be read.

import { namesIn, readLink, readOnce } from '../capture/host/kernel-file.ts'

export interface HostTree {
  /** Without the newline at its end. */
  text(path: string): string | undefined
  number(path: string): number | undefined
  names(path: string): readonly string[]
  link(path: string): string | undefined
}

const mostBytes = 1 << 20

export function openHostTree(root = ''): HostTree {
  const text = (path: string): string | undefined => readOnce(root + path, mostBytes)?.replace(/\n$/, '')
  return {
    text,
    number(path) {
      const found = text(path)?.trim()
      return found === undefined || found === '' || Number.isNaN(Number(found)) ? undefined : Number(found)
    },
    names: (path) => namesIn(root + path),
    link: (path) => readLink(root + path),
  }
}

/** `VmSwap:\t  1024 kB` of /proc/<pid>/status, in KiB; any other field as its text. */
export function statusOf(tree: HostTree, pid: number, field: string): string | undefined {
  const status = tree.text(`/proc/${pid}/status`)
  return status === undefined ? undefined : new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(status)?.[1]?.trim()
}

export function kibibytesOf(tree: HostTree, pid: number, field: string): number | undefined {
  const found = /^(\d+) kB$/.exec(statusOf(tree, pid, field) ?? '')?.[1]
  return found === undefined ? undefined : Number(found)
}

/** The choice in brackets: `always [madvise] never`. */
export function chosenOf(tree: HostTree, path: string): string | undefined {
  return /\[(?<chosen>[^\]]+)\]/.exec(tree.text(path) ?? '')?.groups?.['chosen']
}
