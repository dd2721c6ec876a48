import { createBrowser, type Page } from '../browser.ts'
import { ANSWERED_BY } from './balancer.ts'

/** What a visitor sees after a click: themselves, a stranger's page, or nothing; and which process answered. */
export type Click = { seen: 'logged-in' | 'logged-out' | 'nothing'; by: string }

/** Who answered when no process did. */
export const NOBODY = 'nobody'

/** Somebody who uses the example app. */
export type Visitor = {
  click: () => Promise<Click>
  /** Whether the app let them in. */
  logIn: () => Promise<boolean>
}

/** A visitor of the example app at this address, with a browser of their own. No call of theirs rejects. */
export function createVisitor(url: string): Visitor {
  const { get, post } = createBrowser()
  const nothing = (): Page | undefined => undefined
  return {
    async click() {
      const page = await get(new URL('/', url).href).catch(nothing)
      const by = page?.headers.get(ANSWERED_BY) ?? NOBODY
      if (page?.status === 200) return { seen: 'logged-in', by }
      return { seen: page?.status === 401 ? 'logged-out' : 'nothing', by }
    },
    logIn: async () => (await post(new URL('/login', url).href).catch(nothing))?.status === 303,
  }
}
