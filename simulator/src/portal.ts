import type { Heroku } from './heroku.ts'
import { movedUrl } from './moved-url.ts'
import { revokeTokens } from './oauth-tokens.ts'
import { addonOf } from './world.ts'

/** What the partner, or an accident, does to the add-on's credentials and address. */
export type Portal = {
  /** "Reset credentials" in the portal: every access token is dead; with `refreshTokens` there is no way back. */
  resetOauth: (options?: { refreshTokens?: boolean; clientSecret?: string }) => void
  /** Kills one add-on's access tokens, so that its next call is answered 401. */
  revokeToken: (addon: string, options?: { refreshTokens?: boolean }) => void
  /** Moves the service: the paths of `baseUrl` and `ssoUrl` stay, their origin becomes this one. */
  setAddonUrl: (url: string) => void
  /** Whether config vars that the manifest does not declare are taken from now on. */
  setUndeclaredVars: (to: 'refused' | 'taken') => void
  /** Pushes a manifest of the other API version: from now on Heroku asks by that. */
  setPartnerApi: (partnerApi: 'v1' | 'v3') => void
}

export function createPortal(heroku: Heroku): Portal {
  const { addon } = heroku.settings
  return {
    resetOauth: ({ refreshTokens = false, clientSecret } = {}) => {
      revokeTokens(heroku, { refreshTokens })
      if (clientSecret !== undefined) addon.clientSecret = clientSecret
    },
    revokeToken: (idOrName, { refreshTokens = false } = {}) => {
      revokeTokens(heroku, { addonId: addonOf(heroku.world, idOrName).id, refreshTokens })
    },
    setUndeclaredVars: (to) => {
      heroku.settings.undeclaredVars = to
    },
    setAddonUrl: (url) => {
      addon.baseUrl = movedUrl(addon.baseUrl, url)
      addon.ssoUrl = movedUrl(addon.ssoUrl, url)
    },
    setPartnerApi: (partnerApi) => {
      heroku.settings.partnerApi = partnerApi
    },
  }
}
