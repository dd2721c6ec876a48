/** What a signature may cover of a request. `authority` and `path` are those that the service is known by. */
export type SignedRequest = {
  method: string
  scheme: string
  authority: string
  path: string
  /** The lines of a header field, in their order; none: it was not sent. */
  fieldLines: (name: string) => readonly string[]
}

const FIELD_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/

/**
 * The signature base of a request (RFC 9421, 2.5): a line for each covered component, and one for the parameters of the
 * signature as they were sent. Undefined where a component was not sent, is covered twice, or is one that we do not know.
 */
export function signatureBase(
  components: readonly string[],
  params: string,
  request: SignedRequest,
): string | undefined {
  const lines: string[] = []
  for (const name of components) {
    const value = componentOf(name, request)
    if (value === undefined) return undefined
    lines.push(`"${name}": ${value}`)
  }
  if (new Set(components).size < components.length) return undefined
  return [...lines, `"@signature-params": ${params}`].join('\n')
}

function componentOf(name: string, request: SignedRequest): string | undefined {
  const { method, scheme, authority, path, fieldLines } = request
  switch (name) {
    case '@method':
      return method
    case '@authority':
      return authority
    case '@path':
    case '@request-target':
      return path
    case '@scheme':
      return scheme
    case '@target-uri':
      return `${scheme}://${authority}${path}`
    default: {
      if (!FIELD_NAME.test(name)) return undefined
      const lines = fieldLines(name)
      return lines.length === 0 ? undefined : lines.map((line) => line.trim()).join(', ')
    }
  }
}
