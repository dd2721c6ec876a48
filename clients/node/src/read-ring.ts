import { readKeyringValue } from './keyring-value.ts'
import type { Settings } from './options.ts'
import { type Ring, ringOf } from './ring.ts'
import { readSecureKey } from './secure-key.ts'

/** The ring of the variables. Throws where the keys are unusable; a keyring that is missing or wrong is ignored, with a warning. */
export function readRing({ variable, value, keyring: told, onWarning, ...own }: Settings): Ring {
  const pair = readSecureKey(value, variable)
  const read = told && readKeyringValue(told.value, pair)
  if (!read || 'value' in read) return ringOf(pair, read?.value, own)
  onWarning(
    read.warning,
    `${told?.variable} is ignored (${read.warning}); the app goes on with the two keys of ${variable}`,
  )
  return ringOf(pair, undefined, own)
}
