import { objectFrom, optionalText, optionalTexts, requiredNumber, requiredText } from '../fields.ts'
import { HerokuError } from '../heroku-error.ts'
import type { CreateAddonInput } from '../provisioning.ts'
import type { SsoField } from '../sso-form.ts'
import { KEY_SCOPES, type KeyScope, type ReleaseCommand } from '../world.ts'
import type { Parts } from './parts.ts'

type Fields = Record<string, unknown>

/** The customer's and the partner's actions by name, each taking one JSON object (or form) as its argument. */
export function createActions({
  customer,
  portal,
  webhooks,
}: Parts): Record<string, (fields: Fields) => unknown> {
  const addonIn = (fields: Fields) => requiredText(fields, 'addon')
  const appIn = (fields: Fields) => requiredText(fields, 'app')
  return {
    createApp: (fields) =>
      customer.createApp(optionalText(fields, 'name'), {
        ...(fields.region === 'eu' ? { region: 'eu' as const } : {}),
        ...(fields.generation === 'fir' ? { generation: 'fir' as const } : {}),
        ...(fields.formation === undefined ? {} : { formation: quantities(fields.formation) }),
        ...(fields.restartMs === undefined ? {} : { restartMs: requiredNumber(fields, 'restartMs') }),
      }),
    destroyApp: (fields) => customer.destroyApp(appIn(fields)),
    createAddon: (fields) => customer.createAddon(readCreateAddon(fields)),
    repeatProvision: (fields) => customer.repeatProvision(addonIn(fields)),
    repeatDeprovision: (fields) => customer.repeatDeprovision(addonIn(fields)),
    attach: (fields) =>
      customer.attach({
        addon: addonIn(fields),
        app: appIn(fields),
        ...optionalTexts(fields, ['as']),
        ...confirmation(fields),
      }),
    detach: (fields) => customer.detach(requiredText(fields, 'attachment'), optionalText(fields, 'app')),
    changePlan: (fields) =>
      customer.changePlan({ addon: addonIn(fields), plan: requiredText(fields, 'plan') }),
    rename: (fields) => customer.rename({ addon: addonIn(fields), name: requiredText(fields, 'name') }),
    destroy: (fields) => customer.destroy({ addon: addonIn(fields) }),
    setConfigVar: (fields) =>
      customer.setConfigVar(
        appIn(fields),
        requiredText(fields, 'name'),
        optionalText(fields, 'value') ?? null,
      ),
    rollback: (fields) => customer.rollback(appIn(fields), requiredNumber(fields, 'version')),
    setReleaseCommand: (fields) =>
      customer.setReleaseCommand(appIn(fields), releaseCommand(requiredText(fields, 'command'))),
    addCollaborator: (fields) =>
      customer.addCollaborator(appIn(fields), {
        email: requiredText(fields, 'email'),
        ...optionalTexts(fields, ['id']),
      }),
    removeCollaborator: (fields) => customer.removeCollaborator(appIn(fields), requiredText(fields, 'email')),
    setKeyScope: (fields) =>
      customer.setKeyScope(requiredText(fields, 'key'), keyScope(requiredText(fields, 'scope'))),
    scale: (fields) => customer.scale(appIn(fields), quantities(fields.formation)),
    runDyno: (fields) => customer.runDyno(appIn(fields), optionalText(fields, 'command')),
    stopDyno: (fields) => customer.stopDyno(appIn(fields), requiredText(fields, 'name')),
    note: (fields) => customer.note(appIn(fields), optionalText(fields, 'text') ?? ''),
    renewLogTokens: (fields) => customer.renewLogTokens(addonIn(fields)),
    ssoForm: (fields) => {
      const at = optionalText(fields, 'at')
      return customer.ssoForm({
        addon: addonIn(fields),
        ...optionalTexts(fields, ['userId', 'email', 'app']),
        ...(at === undefined ? {} : { at: new Date(at) }),
        tamper: objectFrom(fields.tamper) as Partial<Record<SsoField, string | null>>,
      })
    },
    resetOauth: (fields) =>
      portal.resetOauth({
        refreshTokens: fields.refreshTokens === true,
        ...optionalTexts(fields, ['clientSecret']),
      }),
    revokeToken: (fields) =>
      portal.revokeToken(addonIn(fields), { refreshTokens: fields.refreshTokens === true }),
    setAddonUrl: (fields) => portal.setAddonUrl(requiredText(fields, 'url')),
    settleWebhooks: () => webhooks.settle(),
    retryWebhooks: () => webhooks.retryDue(),
    repeatWebhook: (fields) => webhooks.repeat(requiredText(fields, 'delivery')),
    holdWebhooks: () => webhooks.hold(),
    releaseWebhooks: (fields) => webhooks.release(fields.order === 'reversed' ? 'reversed' : 'in-order'),
  }
}

/** A form cannot nest, so a field `option:grace` is the option `grace`; an empty one was not given. */
function readCreateAddon(fields: Fields): CreateAddonInput {
  const options: Record<string, string | boolean> = {}
  for (const [name, value] of Object.entries(objectFrom(fields.options))) {
    if (typeof value === 'string' || typeof value === 'boolean') options[name] = value
  }
  for (const name of Object.keys(fields).filter((name) => name.startsWith('option:'))) {
    const value = optionalText(fields, name)
    if (value !== undefined) options[name.slice('option:'.length)] = value
  }
  return {
    app: requiredText(fields, 'app'),
    plan: requiredText(fields, 'plan'),
    options,
    ...optionalTexts(fields, ['name', 'as']),
    ...confirmation(fields),
    ...(fields.grant === 'null' ? { grant: 'null' as const } : {}),
    ...(fields.copies === undefined ? {} : { copies: requiredNumber(fields, 'copies') }),
  }
}

function confirmation(fields: Fields): { confirm?: string | boolean } {
  if (fields.confirm === true || fields.confirm === 'true') return { confirm: true }
  return optionalTexts(fields, ['confirm'])
}

function releaseCommand(text: string): ReleaseCommand {
  if (text === 'succeeds' || text === 'fails' || text === 'runs') return text
  throw new HerokuError(400, 'bad_request', 'command must be succeeds, fails or runs.')
}

function keyScope(text: string): KeyScope {
  const scope = KEY_SCOPES.find((each) => each === text)
  if (scope) return scope
  throw new HerokuError(400, 'bad_request', `scope must be one of ${KEY_SCOPES.join(', ')}.`)
}

function quantities(formation: unknown): Record<string, number> {
  const fields = objectFrom(formation)
  const types = Object.keys(fields)
  if (types.length === 0)
    throw new HerokuError(400, 'bad_request', 'formation is missing, such as {"web": 2}.')
  return Object.fromEntries(types.map((type) => [type, requiredNumber(fields, type)]))
}
