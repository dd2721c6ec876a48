/* What the package offers; everything else in it may change at any time. */
export type { ApiCall } from './api-call.ts'
export type { SimulatorEvent } from './event-bus.ts'
export { HerokuError } from './heroku-error.ts'
export { addonFromManifest, ManifestError, type PortalOptions } from './manifest.ts'
export type { AddonOptions, SimulatorOptions } from './options.ts'
export type { ServiceCall } from './service-call.ts'
export { createSimulator, type Simulator } from './simulator.ts'
export type { View } from './view.ts'
