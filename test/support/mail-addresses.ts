import type { Deps } from '../../src/flows/deps.ts'
import { followMailLink } from '../../src/flows/notices/mail/address-links.ts'
import { addMailAddress } from '../../src/flows/notices/mail/ask-address.ts'
import type { Letter } from '../../src/notices/mail/letters.ts'
import { ANN } from '../api/support/token.ts'
import { signedIn } from './browser.ts'
import type { Harness } from './harness.ts'

type WithAddon = Pick<Harness, 'deps' | 'url' | 'heroku'> & { addon: { id: string; name: string } }

/** The same with a mail server that takes every letter and keeps it, where no mail has to be read. */
export function depsWithMail(deps: Deps): { deps: Deps; letters: { to: string; letter: Letter }[] } {
  const letters: { to: string; letter: Letter }[] = []
  const mailer: Deps['mailer'] = {
    async send(to, letter) {
      letters.push({ to, letter })
      return { outcome: 'sent' }
    },
    close() {},
  }
  return { deps: { ...deps, mailer }, letters }
}

let signOns = 0

/** Ann signs in and adds an address. Returns its id and its link. */
export async function addedAddress(
  h: WithAddon,
  address = 'ann@example.com',
): Promise<{ id: string; link: string; deps: Deps }> {
  const { deps, letters } = depsWithMail(h.deps)
  const resourceId = h.addon.id
  signOns += 1
  // The same person signs on once a second at the most.
  await signedIn(h, { addon: h.addon.id, userId: `ann-${signOns}`, email: 'ann@example.com' })
  const rows = await h.deps.db
    .selectFrom('sessions')
    .select('id_digest')
    .where('resource_id', '=', resourceId)
    .orderBy('created_at', 'desc')
    .execute()
  const session = rows[0]?.id_digest ?? Buffer.alloc(32)
  const added = await addMailAddress(deps, { resourceId, actor: ANN, session, address })
  const letter = letters.at(-1)?.letter
  if (added.outcome !== 'asked' || letter?.kind !== 'confirmation') throw new Error(added.outcome)
  return { id: added.id, link: letter.link, deps }
}

/** The same, and its reader confirms it. */
export async function confirmedAddress(h: WithAddon, address?: string): Promise<{ id: string; deps: Deps }> {
  const { id, link, deps } = await addedAddress(h, address)
  await followMailLink(deps, 'confirm', { text: link.split('/').at(-1) ?? '', from: null })
  return { id, deps }
}
