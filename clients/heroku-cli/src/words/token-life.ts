/** What was typed: a life and the add-on, or the add-on alone. */
export function typedTokenLife(
  first: string | undefined,
  second: string | undefined,
): { life: string | undefined; addon: string | undefined } {
  if (second !== undefined || first === undefined) return { life: first, addon: second }
  const isLife = /^(off|none|\d+[a-z]*)$/i.test(first)
  return isLife ? { life: first, addon: undefined } : { life: undefined, addon: first }
}
