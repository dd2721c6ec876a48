import { Ec2Error, invalidValue } from './ec2-error.ts'

/** A filter of a Describe call: of its values one must fit. */
export type Filter = { name: string; values: string[] }

/** The parameters of a call, each of which must be known to its action. */
export type Form = {
  text: (name: string) => string
  optionalText: (name: string) => string | undefined
  optionalFlag: (name: string) => boolean | undefined
  optionalNumber: (name: string) => number | undefined
  /** `Name.1`, `Name.2` and so on. */
  list: (name: string) => string[]
  /** As `list`, at least one. */
  fullList: (name: string) => string[]
  filters: () => Filter[]
  /** The tags that are meant for a kind of thing. */
  tags: (resourceType: string) => Record<string, string>
  /** Every parameter, in one text that is the same for the same parameters. */
  all: () => string
}

const MOST_ITEMS = 1_000
const OF_EVERY_ACTION = ['Action', 'Version']

/** Reads the body of a call. Throws `UnknownParameter` for what its action does not know. */
export function readForm(body: Buffer, members: readonly string[]): Form {
  const found = new URLSearchParams(body.toString())
  for (const name of found.keys()) {
    const [first = ''] = name.split('.')
    if (OF_EVERY_ACTION.includes(first) || members.includes(first)) continue
    throw new Ec2Error('UnknownParameter', `The parameter ${name} is not recognized`)
  }
  const optionalText = (name: string) => found.get(name) ?? undefined

  function text(name: string): string {
    const value = optionalText(name)
    if (value) return value
    throw new Ec2Error('MissingParameter', `The request must contain the parameter ${name}`)
  }
  function list(name: string): string[] {
    const values: string[] = []
    for (let number = 1; number <= MOST_ITEMS; number += 1) {
      const value = optionalText(`${name}.${number}`)
      if (value === undefined) break
      values.push(value)
    }
    return values
  }
  /** The numbers of the items of a list of structures, by a parameter that each of them has. */
  function numbers(name: string, part: string): number[] {
    const taken: number[] = []
    for (let number = 1; number <= MOST_ITEMS && found.has(`${name}.${number}.${part}`); number += 1) {
      taken.push(number)
    }
    return taken
  }
  return {
    text,
    optionalText,
    optionalFlag(name) {
      const value = optionalText(name)
      if (value === undefined) return undefined
      if (value === 'true' || value === 'false') return value === 'true'
      throw invalidValue(name, value)
    },
    optionalNumber(name) {
      const value = optionalText(name)
      if (value === undefined) return undefined
      if (/^[0-9]{1,6}$/.test(value)) return Number(value)
      throw invalidValue(name, value)
    },
    list,
    fullList(name) {
      const values = list(name)
      if (values.length === 0) text(`${name}.1`)
      return values
    },
    filters: () =>
      numbers('Filter', 'Name').map((number) => {
        const name = text(`Filter.${number}.Name`)
        const values = list(`Filter.${number}.Value`)
        if (values.length > 0) return { name, values }
        throw new Ec2Error('InvalidParameterValue', `The filter '${name}' has no value`)
      }),
    tags(resourceType) {
      const tags: Record<string, string> = {}
      for (const number of numbers('TagSpecification', 'ResourceType')) {
        const type = text(`TagSpecification.${number}.ResourceType`)
        if (type !== resourceType) throw invalidValue('ResourceType', type)
        for (const tag of numbers(`TagSpecification.${number}.Tag`, 'Key')) {
          const at = `TagSpecification.${number}.Tag.${tag}`
          const key = text(`${at}.Key`)
          if (key.startsWith('aws:')) throw invalidValue('Tag key', key)
          tags[key] = optionalText(`${at}.Value`) ?? ''
        }
      }
      return tags
    },
    all: () => JSON.stringify([...found].toSorted()),
  }
}
