import type { Telling } from './progress.ts'

/** A warning in words. It names no address and no key. */
export function warningOf(telling: Telling): string {
  switch (telling.warning) {
    case 'refresh-failing':
      return `The service did not bring the keys, three times in a row (${telling.word}); the app goes on with those it has`
    case 'refresh-revoked':
      return 'The keys are revoked: nothing that they signed is accepted, and what is signed now ends when the new keys come'
    case 'refresh-stopped':
      return `The service is asked for keys no more (${telling.code}); the app goes on with those it has`
  }
}
