import { parseAst } from 'vitest/node'

/** One import, export-from, `import()`, `import('x').T` or `require()`; `names` is empty unless they are listed. */
export type Import = { specifier: string; typeOnly: boolean; names: string[]; line: number }

/** What one TypeScript file takes from outside itself: modules, and the world's clock, randomness and environment. */
export type SourceFile = { imports: Import[]; ambient: { what: string; line: number }[] }

type Node = { type: string; start: number; [field: string]: unknown }

const AMBIENT = ['Date.now', 'Math.random', 'process.env', 'performance.now', 'Temporal.Now']

const read = new Map<string, SourceFile>()

/**
 * Reads it with a real parser: text search would trip over comments and strings, and miss `import type` chains. A text is
 * parsed once, however many rules look at it.
 */
export function readSource(text: string): SourceFile {
  const known = read.get(text) ?? parseSource(text)
  read.set(text, known)
  return known
}

function parseSource(text: string): SourceFile {
  const imports: Import[] = []
  const ambient: SourceFile['ambient'] = []
  const lineOf = (node: Node) => text.slice(0, node.start).split('\n').length
  visit(parseAst(text, { lang: 'ts' }), (node) => {
    const found = importIn(node)
    if (found) imports.push({ ...found, line: lineOf(node) })
    for (const what of ambientIn(node)) ambient.push({ what, line: lineOf(node) })
  })
  return { imports, ambient }
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, see)
  } else if (value !== null && typeof value === 'object') {
    if (isNode(value)) see(value)
    for (const child of Object.values(value)) visit(child, see)
  }
}

function importIn(node: Node): Omit<Import, 'line'> | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration': {
      if (!isNode(node.source)) return undefined
      const parts = nodesIn(node.specifiers)
      const kind = node.importKind ?? node.exportKind
      // `import { type A, type B }` is erased like `import type { A, B }`; `import 'x'` is not.
      const allTypes =
        parts.length > 0 && parts.every((part) => (part.importKind ?? part.exportKind) === 'type')
      const names = parts.map((part) => nameOf(part.imported ?? part.local) ?? '*')
      return { specifier: textOf(node.source), typeOnly: kind === 'type' || allTypes, names }
    }
    case 'ImportExpression':
      return { specifier: textOf(node.source), typeOnly: false, names: [] }
    case 'TSImportType':
      return { specifier: textOf(node.source), typeOnly: true, names: [] }
    case 'TSExternalModuleReference':
      return { specifier: textOf(node.expression), typeOnly: false, names: [] }
    case 'CallExpression':
      if (nameOf(node.callee) !== 'require') return undefined
      return { specifier: textOf(nodesIn(node.arguments)[0]), typeOnly: false, names: [] }
    default:
      return undefined
  }
}

function ambientIn(node: Node): string[] {
  switch (node.type) {
    case 'MemberExpression':
      return AMBIENT.filter((what) => what === `${nameOf(node.object)}.${nameOf(node.property)}`)
    case 'VariableDeclarator': {
      // const { env } = process
      const taken = isNode(node.id) && node.id.type === 'ObjectPattern' ? nodesIn(node.id.properties) : []
      const names = taken.map((property) => `${nameOf(node.init)}.${nameOf(property.key)}`)
      return AMBIENT.filter((what) => names.includes(what))
    }
    case 'NewExpression':
      return nameOf(node.callee) === 'Date' && nodesIn(node.arguments).length === 0 ? ['new Date()'] : []
    case 'CallExpression':
      return nameOf(node.callee) === 'Date' ? ['Date()'] : []
    default:
      return []
  }
}

/** `x`, `globalThis.x`, `'x'` and `a?.x` are all called x. */
function nameOf(value: unknown): string | undefined {
  if (!isNode(value)) return undefined
  if (value.type === 'Identifier') return String(value.name)
  if (value.type === 'Literal') return String(value.value)
  if (value.type === 'MemberExpression' && nameOf(value.object) === 'globalThis')
    return nameOf(value.property)
  return undefined
}

/** The specifier of an import; one that is only known when the program runs is shown as `?`. */
function textOf(value: unknown): string {
  return isNode(value) && value.type === 'Literal' && typeof value.value === 'string' ? value.value : '?'
}

function nodesIn(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter(isNode) : []
}

function isNode(value: unknown): value is Node {
  return value !== null && typeof value === 'object' && 'type' in value && typeof value.type === 'string'
}
