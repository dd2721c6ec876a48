/** The lines of one language on the page "Use it from a script", as a browser would copy them, and the scopes they need. */
export function linesOnPage(html: string, id: string): { code: string; needs: string[] } {
  const found = new RegExp(
    `(?:Scope: ([^<]*)\\.</span>)?</p>\\s*<pre class="lines" id="${id}"[^>]*><code>([^]*?)</code>`,
  ).exec(html)
  if (!found) throw new Error(`there are no lines "${id}" on the page`)
  const [, needs = '', code = ''] = found
  return { code: unescaped(code), needs: needs.split(', ').filter(Boolean) }
}

function unescaped(text: string): string {
  const marks: Record<string, string> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' }
  return text.replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => marks[name] ?? '')
}
