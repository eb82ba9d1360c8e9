// The kernel keeps 15 bytes of a thread's name. What stands for it where a capture has none is cut like it.

const longestComm = 15

export const cutComm = (name: string): string => (name.length > longestComm ? name.slice(0, longestComm) : name)

/** What the kernel calls a thread that runs this program. */
export const commOfPath = (path: string): string => cutComm(path.slice(path.lastIndexOf('/') + 1))
