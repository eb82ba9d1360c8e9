// Is this Node new enough? Syntax of Node 12 only: an old one must live to say the sentence.

/** The floor of package.json's `engines`. */
const leastNode = '20.19'

export function nodeComplaint(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number)
  const [leastMajor, leastMinor] = leastNode.split('.').map(Number)
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return undefined
  return {
    message: `this is Node ${version}, and whylate needs ${leastNode} or later.`,
    remedy: 'Install a newer Node, for example from https://nodejs.org, and run it again.',
  }
}
