import { cleanText } from '../words/clean.ts'
import { type Fields, UnreadableAnswerError } from './fields.ts'

/** More than the service keeps. */
const LONGEST_TEXT = 2_000

/** The windows of a policy, each by itself: all of them together are longer than one line of text may be. None: any time. */
export function windowsIn({ windows }: Fields): string[] {
  if (typeof windows !== 'string' || windows.length > LONGEST_TEXT) throw new UnreadableAnswerError('windows')
  const each = windows
    .split(';')
    .map((window) => cleanText(window))
    .filter((window) => window !== '')
  return each.length === 1 && each[0] === 'any' ? [] : each
}
