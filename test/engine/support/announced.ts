/** The text of the key that a keyring announces, read as an app does; undefined where it announces none. */
export function announcedKey(keyring: string | null | undefined): string | undefined {
  if (!keyring) return undefined
  const { keys } = JSON.parse(keyring) as { keys: { use: string; key?: string }[] }
  return keys.find(({ use }) => use === 'next')?.key
}
