import type { Tokens } from '../../heroku/identity.ts'
import type { ResourceSealer } from '../../sealing/sealing.ts'
import type { NewTokens } from '../../store/oauth-tokens.ts'
import type { Deps } from '../deps.ts'

/** Seals what Heroku handed out. Its life is counted from now, after the answer: early by the time it travelled. */
export function sealTokens(deps: Pick<Deps, 'now'>, sealer: ResourceSealer, tokens: Tokens): NewTokens {
  const { accessToken, refreshToken, expiresInSeconds } = tokens
  return {
    sealedAccessToken: sealer.seal('sealed_access_token', accessToken),
    sealedRefreshToken: refreshToken === null ? null : sealer.seal('sealed_refresh_token', refreshToken),
    accessExpiresAt: new Date(deps.now().getTime() + expiresInSeconds * 1_000),
  }
}
