import { ADDON, type Config } from '../config.ts'
import type { ServicePlace } from '../store/installation.ts'

/** Which Heroku and which add-on a process was set up for, by its settings. */
export function servicePlaceOf(config: Config): ServicePlace {
  return {
    herokuApi: config.herokuApiUrl,
    herokuId: config.herokuIdUrl,
    addonId: ADDON.id,
    addonUrl: config.addonUrl,
  }
}
