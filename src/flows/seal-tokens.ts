import type { Tokens } from '../heroku/identity.ts'
import type { ResourceSealer } from '../sealing/sealing.ts'
import type { StoredTokens } from '../store/oauth-tokens.ts'
import type { Deps } from './deps.ts'

/** Tokens ready to be stored. */
export type NewTokens = Omit<StoredTokens, 'generation'>

/** Seals what Heroku handed out. Its life is counted from now, after the answer: early by the time it travelled. */
export async function sealTokens(
  deps: Pick<Deps, 'now'>,
  sealer: ResourceSealer,
  tokens: Tokens,
): Promise<NewTokens> {
  const [sealedAccessToken, sealedRefreshToken] = await Promise.all([
    sealer.seal('sealed_access_token', tokens.accessToken),
    tokens.refreshToken === null ? null : sealer.seal('sealed_refresh_token', tokens.refreshToken),
  ])
  const accessExpiresAt = new Date(deps.now().getTime() + tokens.expiresInSeconds * 1_000)
  return { sealedAccessToken, sealedRefreshToken, accessExpiresAt }
}
