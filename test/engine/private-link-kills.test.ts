import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endpointVarName } from '../../src/domain/endpoint-vars.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { removeAccounts } from '../../src/flows/private-link/change-accounts.ts'
import { createPrivateLink } from '../../src/flows/private-link/create-link.ts'
import { destroyPrivateLink } from '../../src/flows/private-link/destroy-link.ts'
import { readPrivateLink } from '../../src/flows/private-link/link-view.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { ANN } from '../api/support/token.ts'
import { CUSTOMER, type StartedEc2 } from '../support/fake-ec2.ts'
import { type Harness, MINUTE, SECOND } from '../support/harness.ts'
import {
  addonInSpace,
  createAwsCustomer,
  lookOnce,
  operationalLink,
  pass,
  startWithLinks,
} from '../support/private-links.ts'
import { kindsOf } from '../support/resource.ts'
import { type Death, mortalProcess } from './support/mortal-process.ts'
import { worthDying } from './support/worth-dying.ts'

let aws: StartedEc2
let h: Harness
let customer: ReturnType<typeof createAwsCustomer>
const ends: (() => Promise<void>)[] = []
let counted = 0

beforeAll(async () => {
  const delays = { serviceMs: 15 * SECOND, endpointMs: 5 * SECOND }
  const started = await startWithLinks({ delays, whenFinished: (end) => void ends.push(end) })
  h = started.h
  aws = started.aws
  customer = createAwsCustomer(aws.url, CUSTOMER)
})
afterAll(async () => {
  customer.close()
  for (const end of ends) await end()
})

type Subject = { id: string; app: string; endpointId?: string }
type Scenario = {
  name: string
  /** Brings the link to where the work begins. */
  prepare: (addon: Subject) => Promise<Partial<Subject> | undefined>
  /** How long the process that dies works, in seconds. */
  seconds: number
  /** A config var is taken back by it. */
  unsets?: true
}

const ask = (addon: Subject) =>
  createPrivateLink(h.deps, { resourceId: addon.id, accounts: [CUSTOMER.account], actor: ANN })
async function connected(addon: Subject): Promise<Partial<Subject>> {
  const endpointId = await customer.createEndpoint(await operationalLink(h, addon.id))
  h.clock.advance(MINUTE)
  await pass(h, 20)
  return { endpointId }
}
const about = ({ id }: Subject) => ({ resourceId: id, actor: ANN })

const SCENARIOS: readonly Scenario[] = [
  { name: 'a link that comes to be', prepare: async (addon) => void (await ask(addon)), seconds: 30 },
  {
    name: 'an endpoint that is let in',
    prepare: async ({ id }) => {
      const endpointId = await customer.createEndpoint(await operationalLink(h, id))
      h.clock.advance(MINUTE)
      return { endpointId }
    },
    seconds: 20,
  },
  {
    name: 'an account that is taken off',
    prepare: async (addon) => {
      const made = await connected(addon)
      await removeAccounts(h.deps, { ...about(addon), accounts: [CUSTOMER.account] })
      return made
    },
    seconds: 20,
    unsets: true,
  },
  {
    name: 'a link that is destroyed while it has an endpoint',
    prepare: async (addon) => {
      const made = await connected(addon)
      await destroyPrivateLink(h.deps, about(addon))
      return made
    },
    seconds: 30,
    unsets: true,
  },
  {
    name: 'an add-on that is removed while AWS makes its link',
    prepare: async (addon) => {
      await ask(addon)
      await lookOnce(h.deps)
      await deprovision(h.deps, { resourceId: addon.id })
      return undefined
    },
    seconds: 30,
  },
]

describe.each(SCENARIOS)('$name', (scenario) => {
  test('comes to the same whenever the worker is killed, with no service too many and no call for nothing', async () => {
    const reference = await play(scenario, undefined)
    expect(reference.died).toBe(false)
    const deaths = worthDying(reference.points)
    expect(deaths.length).toBeGreaterThan(3)
    for (const death of deaths) {
      const at = `killed ${death.name} #${death.nth}`
      const story = await play(scenario, death)
      expect.soft(story.died, at).toBe(true)
      expect.soft(story.aftermath, at).toEqual(reference.aftermath)
      // Heroku may not show what the manifest does not declare: so what was unset by a worker that died is unset once more.
      const more = scenario.unsets && death.name === 'after call writeEndpointVars' ? 1 : 0
      expect.soft(story.written, at).toBe(reference.written + more)
    }
  })
})

async function play(scenario: Scenario, death: Death | undefined) {
  counted += 1
  const app = `service-of-${counted}`
  const id = await addonInSpace(h, app)
  const addon = { id, app }
  const { endpointId } = (await scenario.prepare(addon)) ?? {}
  const from = h.heroku.view.apiCalls().length
  const mortal = mortalProcess(h.deps, h.databaseUrl, death)
  const lived = await mortal.live((deps) => work(deps, scenario.seconds))
  await mortal.end()
  // The lease of whoever died ends.
  h.clock.advance(7 * MINUTE)
  for (let look = 0; look < 7; look += 1) {
    await lookOnce(h.deps)
    h.clock.advance(MINUTE)
  }
  const view = await readPrivateLink(h.deps, id)
  const tagged = aws.ec2
    .calls()
    .flatMap(({ parameters }) => parameters.ServiceId ?? parameters['ServiceId.1'] ?? [])
  const services = [...new Set(tagged)]
    .flatMap((service) => aws.ec2.service(service) ?? [])
    .filter(({ tags }) => Object.values(tags).includes(id))
  const written = h.heroku.view
    .apiCalls()
    .slice(from)
    .filter(({ method, path }) => method === 'PATCH' && path.includes(id))
  const aftermath = {
    view: view && { status: view.status, accounts: view.accounts, connections: view.connections.length },
    services: services.map(({ state, principals }) => [state, [...principals]]),
    endpoint: endpointId && aws.ec2.endpoint(endpointId)?.state,
    configVar: endpointId && endpointVarName('SECURE', endpointId) in h.heroku.view.configVars(app),
    kinds: (await kindsOf(h.deps, id)).filter((kind) => kind.startsWith('privatelink')),
  }
  await h.deps.db.deleteFrom('private_links').where('resource_id', '=', id).execute()
  return { points: mortal.points, died: !lived, aftermath, written: written.length }
}

async function work(deps: Deps, seconds: number): Promise<void> {
  await lookOnce(deps)
  for (let passed = 0; passed < seconds; passed += 10) {
    h.clock.advance(10 * SECOND)
    await lookOnce(deps)
  }
}
