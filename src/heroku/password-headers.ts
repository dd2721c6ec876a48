/** What stands on every call by which an add-on proves itself by its password (Add-on Provider App Info API). */
export function passwordHeaders(
  addonId: string,
  password: string,
): { accept: string; authorization: string } {
  const authorization = `Basic ${Buffer.from(`${addonId}:${password}`).toString('base64')}`
  return { accept: 'application/json', authorization }
}
