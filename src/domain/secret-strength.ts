const SHORTEST_SECRET = 16
const FEWEST_CHARACTERS = 8
const FEWEST_BYTES = 12

/** The salt in Heroku's article on single sign-on. */
const PUBLISHED = ['2f97bfa52ca102f8874716e2eb1d3b4920ad0be4']

/** Words by which demo secrets are known, and the names that everybody would try: none of them stands in a random text. */
const DEMO_WORDS =
  /demo|example|changeme|super-?secret|client-?secret|password|sso-?salt|bench|secure-?key|heroku|qwerty/i

/** What is wrong with a secret that guards a public service; undefined: nothing that can be seen. */
export function weaknessOf(secret: string): string | undefined {
  if (secret.length < SHORTEST_SECRET) return `is too short: use ${SHORTEST_SECRET} random characters or more`
  if (new Set(secret).size < FEWEST_CHARACTERS) return 'repeats a few characters: use a random text'
  if (isCounting([...secret].map((character) => character.codePointAt(0) ?? 0))) return COUNTS
  if (DEMO_WORDS.test(secret) || PUBLISHED.includes(secret)) return 'is a demo secret that everybody can read'
  return undefined
}

/** The same of the bytes of a sealing key. Of 32 random bytes, never are so few different or all of them letters. */
export function weaknessOfKey(bytes: Uint8Array): string | undefined {
  if (new Set(bytes).size < FEWEST_BYTES) return 'repeats a few bytes: use 32 random bytes'
  if (isCounting([...bytes])) return COUNTS
  if (bytes.every((byte) => byte >= 0x20 && byte < 0x7f)) {
    return 'is a readable text, perhaps a demo key that everybody can read: use 32 random bytes'
  }
  return undefined
}

const COUNTS = 'counts up or down: use random characters or bytes'

/** Whether most of what follows something is the next or the one before: the bytes of many an example key do. */
function isCounting(codes: readonly number[]): boolean {
  const steps = codes.slice(1).map((code, index) => code - (codes[index] ?? 0))
  return [1, -1].some((step) => steps.filter((each) => each === step).length > steps.length / 2)
}
