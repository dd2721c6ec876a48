const AT_ANY_TIME: readonly string[] = ['any', 'none']

/** What was typed before the add-on: windows as the service takes them, or undefined where only the add-on was named. */
export type TypedWindows = { windows: string | undefined; addon: string | undefined }

/**
 * Tells windows from the name of an add-on, both of which may be left out: windows have spaces in them, or are `any` or `none`.
 * Undefined where two words are there and the first is no windows.
 */
export function typedWindows(
  first: string | undefined,
  second: string | undefined,
): TypedWindows | undefined {
  if (first === undefined) return { windows: undefined, addon: undefined }
  const text = first.trim()
  if (AT_ANY_TIME.includes(text.toLowerCase())) return { windows: 'any', addon: second }
  if (/\s/.test(text)) return { windows: text, addon: second }
  return second !== undefined ? undefined : { windows: undefined, addon: first }
}
