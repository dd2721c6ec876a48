/** A moment in a sentence, for example "2026-11-26 09:00 UTC"; with its seconds where it has any. */
export function dateWords(date: Date | undefined): string {
  if (!date) return 'an unknown date'
  const text = date.toISOString()
  const clock = text.slice(17, 19) === '00' ? text.slice(11, 16) : text.slice(11, 19)
  return `${text.slice(0, 10)} ${clock} UTC`
}
