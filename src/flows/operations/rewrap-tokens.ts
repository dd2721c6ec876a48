import { tokenFactsText } from '../../domain/api-token.ts'
import { listTokensOfOthers, replaceTokenMac } from '../../store/api-tokens.ts'
import type { Deps } from '../deps.ts'

const BATCH = 200

/**
 * Makes the MAC of every API token anew by the primary KEK, in batches by id, so that a KEK can be removed without ending
 * tokens. One whose MAC is not right, or whose KEK is not listed, is left as it is: it is good for nothing. Restartable at
 * any time. Returns how many were made anew.
 */
export async function rewrapTokens(
  deps: Pick<Deps, 'db' | 'macs' | 'sealing' | 'log'>,
  { signal }: { signal?: AbortSignal } = {},
): Promise<number> {
  const kekId = deps.sealing.primaryKekId
  let anew = 0
  let after = ''
  while (!signal?.aborted) {
    const batch = await listTokensOfOthers(deps.db, { kekId, limit: BATCH, after })
    for (const token of batch) {
      const text = tokenFactsText(token.digest, token)
      if (!(await deps.macs.verify('api token', text, token))) {
        deps.log.warn({ tokenId: token.id, kekId: token.kekId }, 'api token not ours, or its key is gone')
        continue
      }
      if (await replaceTokenMac(deps.db, token, await deps.macs.make('api token', text))) anew += 1
    }
    after = batch.at(-1)?.id ?? ''
    if (batch.length < BATCH) break
  }
  return anew
}
