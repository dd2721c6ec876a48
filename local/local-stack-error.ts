/** Something on this machine is not as the local stack needs it, or a part of it broke. The message is for people. */
export class LocalStackError extends Error {
  constructor(message: string, tail: readonly string[] = [], cause?: unknown) {
    super([message, ...tail.map((line) => `  ${line}`)].join('\n'), { cause })
    this.name = 'LocalStackError'
  }
}
