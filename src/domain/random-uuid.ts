/** The uuid of 16 random bytes, to begin a walk over ids anywhere. It names nothing. */
export function uuidFrom(bytes: { toString: (encoding: 'hex') => string }): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
