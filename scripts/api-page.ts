import { type Limits, limitWords } from './schema-limits.ts'

/** The parts of an OpenAPI document that the page tells. */
type Schema = Omit<Limits, 'anyOf'> & {
  $ref?: string
  type?: string
  format?: string
  enum?: unknown[]
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  description?: string
}
type Parameter = { name: string; in: string; required?: boolean; schema: Schema; description?: string }
type Content = Record<string, { schema: Schema }>
type Operation = {
  summary: string
  description: string
  security: { token?: string[]; client?: string[] }[]
  parameters?: Parameter[]
  requestBody?: { content: Content }
  responses: Record<string, { description: string; headers?: Record<string, Schema>; content?: Content }>
}
export type ApiDocument = {
  info: { description: string }
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

const HEAD = `# The API

<!-- Made from /v1/openapi.json by \`npm run api-page\`. test/api/description.test.ts fails when it is not up to date. -->
`

/** \`docs/api.md\`: the API as its description tells it, for people. */
export function apiPage(document: ApiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      operationText(`${method.toUpperCase()} ${path}`, operation),
    ),
  )
  const { Problem, ...schemas } = document.components.schemas
  const named = Object.entries(schemas).map(([name, schema]) => `## ${name}\n\n${fields(schema)}`)
  const problem = Problem ? [`## Problem\n\nThe body of every refusal.\n\n${fields(Problem)}`] : []
  return `${[HEAD.trimEnd(), document.info.description, EXAMPLE, ...operations, ...named, ...problem].join('\n\n')}\n`
}

const EXAMPLE = `With the host of the dashboard as ADDRESS:

    curl -s https://ADDRESS/v1/resource -H "Authorization: Bearer $TOKEN"
    curl -s -X POST https://ADDRESS/v1/rotations -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: $(uuidgen)"`

function operationText(title: string, operation: Operation): string {
  const { summary, description, security, parameters = [], requestBody, responses } = operation
  const body = requestBody && Object.values(requestBody.content)[0]?.schema
  const hasFields = Object.keys(body?.properties ?? {}).length > 0
  const asked = [
    ...parameters.map(({ name, in: place, required, schema, description = schema.description }) =>
      row([
        `\`${name}\` (${place})`,
        typeOf(schema),
        required ? 'yes' : 'no',
        aboutIt({ ...schema, ...(description !== undefined && { description }) }),
      ]),
    ),
    ...(body && hasFields ? fieldRows(body, '') : []),
  ]
  const answers = Object.entries(responses).map(([status, { description, content }]) => {
    const schema = content?.['application/json']?.schema
    return row([status, schema ? bodyWords(schema) : description])
  })
  const told = Object.values(responses).flatMap(({ content }) => {
    const schema = content?.['application/json']?.schema
    return schema && !schema.$ref ? [`What it returns:\n\n${fields(schema)}`] : []
  })
  const headers = new Map(
    Object.values(responses)
      .flatMap((each) => Object.entries(each.headers ?? {}))
      .map(([name, { description = '' }]) => [name, row([`\`${name}\``, description])]),
  )
  const sent = headers.size > 0 ? [table(['header of the answer', ''], [...headers.values()])] : []
  const request = asked.length > 0 ? [table(['field', 'type', 'required', ''], asked)] : []
  return [
    `## ${title}`,
    `${summary}. ${description === undefined ? '' : `${description} `}${whoWords(security)}`,
    ...request,
    table(['status', ''], answers),
    ...sent,
    ...told,
  ].join('\n\n')
}

function whoWords(security: Operation['security']): string {
  const scopes = security.flatMap(({ token = [] }) => token.map((scope) => `\`${scope}\``))
  if (security.length === 0) return 'It takes no token.'
  if (security.some(({ client }) => client)) return 'For an enrolled client.'
  if (scopes.length === 0) return 'For a person who signed on by the command line.'
  return `Scope: ${scopes.join(' or ')}.`
}

function bodyWords(schema: Schema): string {
  return schema.$ref ? typeOf(schema) : 'what stands below'
}

function fields(schema: Schema): string {
  return table(['field', 'type', 'always', ''], fieldRows(schema, ''))
}

/** A row for each field, those of objects in it too. */
function fieldRows(schema: Schema, before: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const own = row([
      `\`${before}${name}\``,
      typeOf(field),
      schema.required?.includes(name) ? 'yes' : 'no',
      aboutIt(field),
    ])
    const inner = [field, ...(field.anyOf ?? [])].flatMap((each) => {
      return [...fieldRows(each, `${before}${name}.`), ...fieldRows(each.items ?? {}, `${before}${name}[].`)]
    })
    const inList = (field.anyOf ?? []).flatMap(({ items }) =>
      fieldRows(items?.items ?? {}, `${before}${name}[].`),
    )
    return [own, ...inner, ...inList]
  })
}

function aboutIt(schema: Schema): string {
  return [schema.description ?? '', limitWords(schema)].filter((each) => each !== '').join(' ')
}

function typeOf(schema: Schema): string {
  if (schema.$ref) {
    const name = schema.$ref.replace('#/components/schemas/', '')
    return `[${name}](#${name.toLowerCase()})`
  }
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ')
  if (schema.enum) return schema.enum.map((each) => `\`${each}\``).join(', ')
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`
  return schema.format ?? schema.type ?? 'any'
}

function table(heads: string[], rows: string[]): string {
  return [row(heads), `|${heads.map(() => '---').join('|')}|`, ...rows].join('\n')
}

function row(cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
}
