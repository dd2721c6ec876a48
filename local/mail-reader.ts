import type { BackingServices } from './backing-services.ts'
import { createBrowser } from './browser.ts'
import { openDashboard } from './dashboard.ts'
import { LocalStackError } from './local-stack-error.ts'
import { until } from './until.ts'

export const READER = 'reader@example.com'
const MAIL_LIMIT_MS = 20_000
const LINK = /https?:\/\/\S+\/mail\/confirm\/\S+/

/** The owner of an add-on adds a mail address on the dashboard, and its reader presses the button behind the link. */
export async function confirmReader(
  { simulator, mailBox }: Pick<BackingServices, 'simulator' | 'mailBox'>,
  addonId: string,
  signal: AbortSignal,
): Promise<void> {
  const linkIn = () => mailBox.mails.map(({ text }) => LINK.exec(text)?.[0]).findLast(Boolean)
  const dashboard = await openDashboard(simulator, addonId)
  await dashboard.send('notices/mail', { address: READER }, 'notices/mail')
  await until('The mail with the link', () => linkIn() !== undefined, { limitMs: MAIL_LIMIT_MS, signal })
  const { status } = await createBrowser().post(linkIn() ?? '')
  if (status !== 200) throw new LocalStackError(`The link was answered with ${status}.`)
}
