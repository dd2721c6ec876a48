import { SecurekeyError } from './errors.ts'
import { isClosed } from './own-key-watch.ts'
import type { WrappedDek } from './wrapped-dek.ts'

/** Refuses what concerns keys of an add-on whose customer has withdrawn the key that protects it: `own-key-unusable`. */
export function requireOpen(dek: WrappedDek | null): void {
  if (!dek?.ownKey || !isClosed(dek.ownKey)) return
  throw new SecurekeyError('own-key-unusable', WORDS[dek.ownKey === 'lost' ? 'lost' : 'suspended'], {
    detail: `${dek.kekId} is ${dek.ownKey}`,
  })
}

const WORDS = {
  suspended:
    'This add-on is suspended, because AWS no longer lets us use the encryption key that you brought. Enable that key, or give our account its rights back, and we go on by ourselves within minutes.',
  lost: 'The encryption key that you brought was deleted, so nothing that we stored for this add-on can be opened any more. All that is left is to make another add-on and to remove this one.',
}
