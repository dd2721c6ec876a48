const FORM = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2})?$/

/** The date of a freeze, of the form that the service reads. Throws a sentence for anything else. */
export function freezeDateOf(text: string): string {
  if (!FORM.test(text)) {
    throw new Error('Write a date such as 2026-12-20, or with a time, 2026-12-20T18:00.')
  }
  return text
}
