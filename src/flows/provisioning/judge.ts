import { type AddonOptions, readOptions } from '../../domain/addon-options.ts'
import { findPlan, type Plan, unknownPlan } from '../../domain/plan.ts'
import type { Deps } from '../deps.ts'

/** The part of a provision request that is judged. */
type Asked = { plan: string; region: string | null; options: Readonly<Record<string, unknown>> }

/** What the request asks for, by the settings of today, or why it cannot have it. */
export function judge(
  { settings, now }: Pick<Deps, 'settings' | 'now'>,
  request: Asked,
): { plan: Plan; options: AddonOptions } | { refusal: unknown } {
  const plan = findPlan(settings.plans, request.plan)
  if (!plan) return { refusal: unknownPlan(settings.plans, request.plan) }
  try {
    const ownKeys = {
      regions: settings.ownKeys?.regions,
      accountId: settings.ownKeys?.accountId,
      addonRegion: request.region,
      space: plan.space,
      plans: settings.plans.flatMap(({ name, space }) => (space ? [name] : [])),
    }
    const limits = { ...settings, periodMs: plan.periodMs, now: now(), ownKeys }
    return { plan, options: readOptions(request.options, limits) }
  } catch (refusal) {
    return { refusal }
  }
}
