/** What a process is: its environment, its clock, when it started, and how it warns. Options replace each of them. */
export const surroundings = {
  env: (): Readonly<Record<string, string | undefined>> => process.env,
  now: (): number => Date.now(),
  /** By the same clock as `now`. */
  startedAt: (): number => Date.now() - process.uptime() * 1_000,
  warn: (code: string, message: string): void => {
    process.emitWarning(message, { type: 'SecureKeyWarning', code })
  },
}
