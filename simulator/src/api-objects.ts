import { attachmentVars } from './addon-config.ts'
import type { Heroku } from './heroku.ts'
import { logInputUrl } from './provision-body.ts'
import { uuidFrom } from './randomness.ts'
import { dynoState } from './releases.ts'
import {
  type AddOn,
  type App,
  type Attachment,
  attachmentsOf,
  currentRelease,
  type Dyno,
  type Release,
  type User,
} from './world.ts'

/** The add-on object of the Platform API's schema; `config_vars` are the names on the owning app. */
export function addonObject(heroku: Heroku, addon: AddOn) {
  const owner = appReference(heroku, addon.appId)
  const onOwner = attachmentsOf(heroku.world, addon).filter(({ appId }) => appId === addon.appId)
  return {
    actions: [],
    addon_service: serviceReference(heroku),
    app: owner,
    billed_price: { cents: 0, contract: false, unit: 'month' },
    billing_entity: { ...owner, type: 'app' },
    config_vars: onOwner.flatMap((attachment) => attachmentVars(heroku, attachment)),
    created_at: addon.createdAt,
    id: addon.id,
    name: addon.name,
    plan: planObject(heroku, addon.plan),
    provider_id: addon.providerId,
    provision_message: addon.provisionMessage,
    state: addon.state,
    updated_at: addon.updatedAt,
    web_url: `${heroku.url()}/simulator/open/${addon.name}`,
  }
}

/** The collaborator object: somebody who may work on an app. */
export function collaboratorObject(app: App, user: User, role: 'owner' | 'member') {
  return {
    app: { id: app.id, name: app.name },
    created_at: app.createdAt,
    id: user.id,
    permissions: [],
    role,
    updated_at: app.createdAt,
    user,
  }
}

/** The attachment object; `log_input_url` is shown to the partner only. */
export function attachmentObject(heroku: Heroku, attachment: Attachment, forPartner: boolean) {
  const addon = heroku.world.addons.get(attachment.addonId)
  return {
    addon: {
      id: attachment.addonId,
      name: addon?.name ?? '',
      app: appReference(heroku, addon?.appId ?? ''),
      plan: planObject(heroku, addon?.plan ?? ''),
    },
    addon_service: serviceReference(heroku),
    app: appReference(heroku, attachment.appId),
    config_vars: attachmentVars(heroku, attachment),
    created_at: attachment.createdAt,
    id: attachment.id,
    log_input_url: forPartner ? logInputUrl(heroku, attachment) : null,
    name: attachment.name,
    namespace: null,
    updated_at: attachment.createdAt,
    web_url: `${heroku.url()}/simulator/open/${addon?.name ?? ''}`,
  }
}

/** The app object. */
export function appObject(heroku: Heroku, app: App) {
  const stack = { id: uuidFrom('stack:heroku-24'), name: 'heroku-24' }
  return {
    acm: false,
    archived_at: null,
    build_stack: stack,
    buildpack_provided_description: 'Node.js',
    created_at: app.createdAt,
    generation: { id: uuidFrom(`generation:${app.generation}`), name: app.generation },
    git_url: `https://git.heroku.com/${app.name}.git`,
    id: app.id,
    internal_routing: null,
    maintenance: false,
    name: app.name,
    organization: null,
    owner: heroku.world.customer,
    region: { id: uuidFrom(`region:${app.region}`), name: app.region },
    released_at: app.updatedAt,
    repo_size: null,
    slug_size: null,
    space: null,
    stack,
    team: null,
    updated_at: app.updatedAt,
    web_url: `https://${app.name}.herokuapp.example/`,
  }
}

/** The release object; `current` is true for the one that the app runs. */
export function releaseObject(app: App, release: Release) {
  return {
    addon_plan_names: [],
    app: { id: app.id, name: app.name },
    artifacts: [],
    created_at: release.createdAt,
    current: release === currentRelease(app),
    description: release.description,
    eligible_for_rollback: true,
    id: release.id,
    output_stream_url: null,
    slug: null,
    status: release.status,
    updated_at: release.createdAt,
    user: release.user,
    version: release.version,
  }
}

/** The dyno object; its state follows from the clock. */
export function dynoObject(heroku: Heroku, app: App, dyno: Dyno) {
  const release = app.releases.find(({ version }) => version === dyno.release)
  return {
    app: { id: app.id, name: app.name },
    attach_url: null,
    command: dyno.command,
    created_at: dyno.startedAt,
    id: dyno.id,
    name: dyno.name,
    release: { id: release?.id ?? '', version: dyno.release },
    size: 'Basic',
    state: dynoState(heroku, app, dyno),
    type: dyno.type,
    updated_at: dyno.startedAt,
  }
}

/** The plan object, free of charge. */
export function planObject(heroku: Heroku, plan: string) {
  const { id, plans } = heroku.settings.addon
  return {
    addon_service: serviceReference(heroku),
    created_at: '2026-01-01T00:00:00Z',
    default: plans[0] === plan,
    description: `${id} ${plan}`,
    human_name: plan.charAt(0).toUpperCase() + plan.slice(1),
    id: uuidFrom(`plan:${id}:${plan}`),
    installable_inside_private_network: true,
    installable_outside_private_network: true,
    name: `${id}:${plan}`,
    price: { cents: 0, contract: false, metered: false, unit: 'month' },
    space_default: false,
    state: 'ga',
    updated_at: '2026-01-01T00:00:00Z',
    visible: true,
  }
}

/** The add-on service as other objects refer to it. */
export function serviceReference(heroku: Heroku) {
  const { id } = heroku.settings.addon
  return { id: uuidFrom(`service:${id}`), name: id }
}

function appReference(heroku: Heroku, appId: string) {
  return { id: appId, name: heroku.world.apps.get(appId)?.name ?? '' }
}
