import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../../../../', import.meta.url)

/** A block of code on a page. `language` is empty for one that is set in by four spaces. */
export type Block = { page: string; heading: string; language: string; code: string; line: number }

/** Every page that a customer copies from, as a path from the top of the repository. */
export function customerPages(): string[] {
  const using = readdirSync(new URL('docs/using/', ROOT)).map((name) => `docs/using/${name}`)
  const clients = readdirSync(new URL('clients/', ROOT)).map((name) => `clients/${name}/README.md`)
  const pages = ['docs/using.md', ...using, ...clients].filter((page) => page.endsWith('.md'))
  return pages.filter((page) => existsSync(new URL(page, ROOT))).toSorted()
}

/** The blocks of a page, from its top. `heading` is the way to it: `cookie-session / By hand`. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = []
  const headings: string[] = []
  let open: Block | undefined
  const lines = readFileSync(fileURLToPath(new URL(page, ROOT)), 'utf8').split('\n')
  for (const [index, text] of lines.entries()) {
    const fence = /^\s*```(\w*)/.exec(text)
    if (open && open.language !== '' && !fence) {
      open.code += `${text}\n`
    } else if (fence) {
      if (open && open.language !== '') {
        blocks.push(open)
        open = undefined
      } else {
        open = { page, heading: way(headings), language: fence[1] || 'none', code: '', line: index + 1 }
      }
    } else if (/^ {4,}\S/.test(text) && (open || lines[index - 1]?.trim() === '')) {
      open ??= { page, heading: way(headings), language: '', code: '', line: index + 1 }
      open.code += `${text.trimStart()}\n`
    } else if (text.trim() === '' && open) {
      open.code += '\n'
    } else {
      if (open) blocks.push(open)
      open = undefined
      const [, marks, name] = /^(#+) (.+)$/.exec(text) ?? []
      if (marks && name) headings.splice(marks.length - 1, headings.length, name)
    }
  }
  return open ? [...blocks, open] : blocks
}

/** The one block of a language below a heading; throws if it is not one. */
export function blockAt(page: string, heading: string, language: string): string {
  const found = blocksOf(page).filter((block) => block.heading === heading && block.language === language)
  const [block, ...more] = found
  if (!block || more.length > 0)
    throw new Error(`${page}, "${heading}": ${found.length} blocks of ${language}`)
  return block.code
}

/** Without the title of the page. */
function way(headings: readonly (string | undefined)[]): string {
  return headings.slice(1).filter(Boolean).join(' / ')
}
