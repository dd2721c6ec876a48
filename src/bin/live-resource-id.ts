import { SecurekeyError } from '../domain/errors.ts'
import { parseResourceId } from '../domain/resource-id.ts'
import type { Deps } from '../flows/deps.ts'
import { findResourceIdByName } from '../store/resource-names.ts'

/** The id of the resource that an operator names, by its id or its name. Throws `unknown-resource`. */
export async function liveResourceId(deps: Deps, idOrName: string): Promise<string> {
  const id = parseResourceId(idOrName) ?? (await findResourceIdByName(deps.db, idOrName))
  if (id) return id
  throw new SecurekeyError('unknown-resource', `There is no live resource called "${idOrName}".`)
}
