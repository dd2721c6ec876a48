import { readFile } from 'node:fs/promises'

const ROOT = new URL('../../../', import.meta.url)

/** The first code block of a language below a heading of a Markdown page. */
export async function codeBlock(page: string, heading: string, language: string): Promise<string> {
  const text = await readFile(new URL(page, ROOT), 'utf8')
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))
  if (section === undefined) throw new Error(`${page} has no section "${heading}"`)
  const [, code] = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(section) ?? []
  if (code === undefined) throw new Error(`"${heading}" of ${page} has no code in ${language}`)
  return code
}
