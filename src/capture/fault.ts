// What the user's world did to us, with the sentence that mends it. Printed once, at the edge; never a stack trace.

export class Fault extends Error {
  override readonly name = 'Fault'
  readonly remedy: string
  /** design: 2 wrong usage, 3 a probe cannot run here, 4 a bundle is damaged. */
  readonly exitCode: 2 | 3 | 4
  constructor(message: string, remedy: string, exitCode: 2 | 3 | 4 = 3) {
    super(message)
    this.remedy = remedy
    this.exitCode = exitCode
  }
}
