import type { HerokuResult } from '../../domain/heroku-failure.ts'
import type { HerokuSession } from '../heroku/heroku-session.ts'

/**
 * The step `publish`: brings the value of the stored pair to Heroku, which restarts every attached app. With `readBack`, because an
 * earlier attempt may have arrived without our hearing of it, the config is read first and left alone when it already
 * holds the pair. No transaction is open meanwhile.
 */
export async function publishValue(
  session: HerokuSession,
  value: string,
  options: { readBack: boolean },
): Promise<HerokuResult<void>> {
  if (options.readBack) {
    const present = await session.readConfig()
    if (!present.ok) return present
    if (present.value === value) return { ok: true, value: undefined }
  }
  return await session.writeConfig(value)
}
