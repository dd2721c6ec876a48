import { type ErrorCode, SecurekeyError } from '../../domain/errors.ts'

const OF_THE_FORM: readonly ErrorCode[] = ['invalid-option', 'too-many']

/** What a change came to, or the sentence of a refusal that belongs to its form. */
export async function orRefusal<T>(change: Promise<T>): Promise<{ value: T } | { refusal: string }> {
  try {
    return { value: await change }
  } catch (error) {
    if (error instanceof SecurekeyError && OF_THE_FORM.includes(error.code)) return { refusal: error.message }
    throw error
  }
}
