// `npm run vectors`: writes securekey-vectors.json, what every client library must do. Nobody edits that file by hand.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { vectorsText } from './make/vectors.ts'

writeFileSync(fileURLToPath(new URL('securekey-vectors.json', import.meta.url)), vectorsText())
console.log('clients/vectors/securekey-vectors.json is written.')
