import type { Key } from '../answers/resource.ts'
import { dateWords } from '../words/moment.ts'

const USES: Readonly<Record<string, string>> = {
  sign: 'signs',
  verify: 'accepted',
  next: 'announced',
  filler: 'filler, nobody signs with it',
  pending: 'on its way to Heroku',
  revoked: 'revoked',
}

/** A row of `securekey:keys`. */
export type KeyRow = Readonly<Record<'key' | 'version' | 'use' | 'made' | 'until', string>>

export function keyRow({ kid, version, use, madeAt, acceptedUntil }: Key): KeyRow {
  return {
    key: kid,
    version: String(version),
    use: USES[use] ?? use,
    made: dateWords(madeAt),
    until: acceptedUntil ? dateWords(acceptedUntil) : '',
  }
}
