import type { Simulator } from '../simulator/src/index.ts'
import { type Browser, createBrowser, type Page } from './browser.ts'
import { LocalStackError } from './local-stack-error.ts'

/** The dashboard of an add-on, opened by its owner. */
export type Dashboard = {
  /** Fills in a form of the overview, or of another page, and sends it; throws when the page has no such form, or refuses it. */
  send: (form: string, fields?: Record<string, string>, page?: string) => Promise<void>
  /** Whether the service does what that form of the overview asks for. There need not be such a form. */
  isTaken: (form: string, fields?: Record<string, string>) => Promise<boolean>
  /** The overview, or another page. */
  read: (page?: string) => Promise<Page>
}

const MOST_REDIRECTS = 5

/** Opens it as Heroku's site does: by posting the signed form to the service. */
export async function openDashboard({ customer }: Simulator, addonId: string): Promise<Dashboard> {
  const browser = createBrowser()
  const { url, fields } = customer.ssoForm({ addon: addonId })
  const overview = await follow(browser, await browser.post(url, fields))
  const read = (page = '') => browser.get(page === '' ? overview.url : `${overview.url}/${page}`)
  return {
    read,
    async send(form, given = {}, page = '') {
      const token = tokenIn((await read(page)).text, form)
      if (token === undefined) throw new LocalStackError(`The dashboard has no form "${form}".`)
      const { status } = await browser.post(`${overview.url}/${form}`, { form_token: token, ...given })
      if (status !== 303) throw new LocalStackError(`The dashboard answered ${status} to the form "${form}".`)
    },
    async isTaken(form, given = {}) {
      const [, token = ''] = /name="form_token" value="([^"]+)"/.exec((await read()).text) ?? []
      const { status } = await browser.post(`${overview.url}/${form}`, { form_token: token, ...given })
      return status === 303
    },
  }
}

async function follow(browser: Browser, first: Page): Promise<Page> {
  let page = first
  for (let redirects = 0; redirects < MOST_REDIRECTS; redirects += 1) {
    const location = page.headers.get('location')
    if (location === null) break
    page = await browser.get(new URL(location, page.url).href)
  }
  if (page.status === 200) return { ...page, url: page.url.split('?')[0] ?? page.url }
  throw new LocalStackError(`The dashboard did not open: ${page.status}.`)
}

function tokenIn(page: string, form: string): string | undefined {
  const [, content] = page.split(new RegExp(`action="[^"]*/${form}">`))
  return /name="form_token" value="([^"]+)"/.exec(content ?? '')?.[1]
}
