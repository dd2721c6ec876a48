/** What stands in an element: a list becomes items, and what is undefined is left out. */
export type XmlValue =
  | string
  | boolean
  | Date
  | undefined
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue }

const NAMESPACE = 'http://ec2.amazonaws.com/doc/2016-11-15/'
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

/** The answer to an action. */
export function answerXml(action: string, requestId: string, value: { [name: string]: XmlValue }): string {
  const body = contentOf({ requestId, ...value })
  return `${DECLARATION}<${action}Response xmlns="${NAMESPACE}">${body}</${action}Response>`
}

/** The answer to a call that is refused. */
export function errorXml(code: string, message: string, requestId: string): string {
  const body = contentOf({ Errors: { Error: { Code: code, Message: message } }, RequestID: requestId })
  return `${DECLARATION}<Response>${body}</Response>`
}

function contentOf(value: XmlValue): string {
  if (value === undefined) return ''
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map((item) => `<item>${contentOf(item)}</item>`).join('')
  if (typeof value === 'object') {
    return Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([name, each]) => `<${name}>${contentOf(each)}</${name}>`)
      .join('')
  }
  return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
