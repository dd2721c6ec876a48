/** The words of JSON Schema that bound a value. */
export type Limits = {
  minLength?: number
  maxLength?: number
  pattern?: string
  minimum?: number
  maximum?: number
  maxItems?: number
  anyOf?: Limits[]
}

/** What a value of this schema may be beside its type, as a sentence for people; empty where it may be anything. */
export function limitWords(schema: Limits): string {
  const { pattern, maxItems, anyOf = [] } = schema
  const words = [
    between(schema.minLength, schema.maxLength, ' characters'),
    between(schema.minimum, schema.maximum, ''),
    maxItems === undefined ? '' : `at most ${maxItems} of them`,
    pattern === undefined ? '' : `of the form \`${pattern}\``,
  ].filter((each) => each !== '')
  const [first] = words
  if (first === undefined) return anyOf.map(limitWords).find((each) => each !== '') ?? ''
  return `${first[0]?.toUpperCase()}${words.join(', ').slice(1)}.`
}

function between(least: number | undefined, most: number | undefined, unit: string): string {
  if (least === undefined && most === undefined) return ''
  if (least === undefined) return `at most ${most}${unit}`
  return most === undefined ? `at least ${least}${unit}` : `${least} to ${most}${unit}`
}
