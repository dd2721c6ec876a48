import { hash } from 'node:crypto'
import { kidOf } from './reference.ts'

/** Keys 1 to 8 are the versions of one add-on; the number is the version. */
const NUMBERED = [1, 2, 3, 4, 5, 6, 7, 8].map((version) => `key ${version}`)
/** A key of nobody here, and two that share a key id: about one pair in 4,294,967,296 does. */
const OTHERS = ['foreign', 'twin 1', 'twin 2']
/** Half of all searches end within 77,000 keys, and one in ten thousand goes beyond this. */
const MOST_TRIED = 400_000

const texts = new Map(NUMBERED.concat('foreign').map((name) => [name, textFrom(name)]))
for (const [index, text] of twins().entries()) texts.set(`twin ${index + 1}`, text)

/** The text of a key, by its name. */
export function keyText(name: string): string {
  const text = texts.get(name)
  if (text === undefined) throw new Error(`there is no key "${name}"`)
  return text
}

/** The key id of a key, by its name. */
export function kid(name: string): string {
  return kidOf(keyText(name))
}

/** The list `keys` of the vectors. */
export function keyVectors() {
  return [...NUMBERED, ...OTHERS].map((name) => ({ name, text: keyText(name), kid: kid(name) }))
}

/** A key text that looks like chance and depends on its name alone. */
function textFrom(name: string): string {
  return hash('sha256', `securekey vectors: ${name}`).toUpperCase()
}

/** The first two texts of a fixed row with the same key id. */
function twins(): [string, string] {
  const seen = new Map<string, string>()
  for (let index = 0; index < MOST_TRIED; index += 1) {
    const text = textFrom(`twin ${index}`)
    const id = kidOf(text)
    const earlier = seen.get(id)
    if (earlier !== undefined) return [earlier, text]
    seen.set(id, text)
  }
  throw new Error('no two of these keys share a key id')
}
