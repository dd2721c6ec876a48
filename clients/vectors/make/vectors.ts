import { derivedVectors } from './derived.ts'
import { keyringVectors } from './keyrings.ts'
import { keyVectors } from './keys.ts'
import { signedVectors } from './signed.ts'
import { stateVectors } from './states.ts'
import { tokenVectors } from './tokens.ts'
import { valueVectors } from './values.ts'

/** The lists of the file, each with its entries. */
export function vectorLists() {
  return {
    keys: keyVectors(),
    values: valueVectors(),
    keyrings: keyringVectors(),
    states: stateVectors(),
    derived: derivedVectors(),
    signed: signedVectors(),
    tokens: tokenVectors(),
  }
}

/** The whole file: one entry a line, so that a change is read as one. Always the same text. */
export function vectorsText(): string {
  const lists = Object.entries(vectorLists()).map(([name, entries]) => {
    const lines = entries.map((entry: object) => `    ${JSON.stringify(entry)}`)
    return `  ${JSON.stringify(name)}: [\n${lines.join(',\n')}\n  ]`
  })
  return `{\n  "format": "securekey-vectors/1",\n${lists.join(',\n')}\n}\n`
}
