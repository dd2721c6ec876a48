import { weaknessOf, weaknessOfKey } from './secret-strength.ts'

/** The secrets among the settings, as far as they could be read. */
type Secrets = {
  addonPassword: string
  addonSsoSalt: string
  addonClientSecret: string | undefined
  sealingKeys: readonly { id: string; bytes: Uint8Array }[]
}

/** What is wrong with the secrets of a service that anybody can reach; a loopback address may have demo secrets. */
export function weakSecrets(config: Partial<Secrets>): string[] {
  const { addonPassword, addonSsoSalt, addonClientSecret, sealingKeys = [] } = config
  const texts = {
    ADDON_PASSWORD: addonPassword,
    ADDON_SSO_SALT: addonSsoSalt,
    ADDON_CLIENT_SECRET: addonClientSecret,
  }
  const given = Object.entries(texts).flatMap(([name, text]) => (text ? [{ name, text }] : []))
  const equal = given.filter(({ text }, index) => {
    const isSealingKey = sealingKeys.some(({ bytes }) => Buffer.from(text, 'base64').equals(bytes))
    return isSealingKey || given.findIndex((each) => each.text === text) < index
  })
  return [
    ...given.flatMap(({ name, text }) => sentence(name, weaknessOf(text))),
    ...equal.map(({ name }) => `${name} is the same as another secret`),
    ...sealingKeys.flatMap(({ id, bytes }) => sentence(`SEALING_KEYS key ${id}`, weaknessOfKey(bytes))),
  ]
}

function sentence(name: string, problem: string | undefined): string[] {
  return problem === undefined ? [] : [`${name} ${problem}`]
}
