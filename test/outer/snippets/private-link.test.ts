import { describe, expect, test, vi } from 'vitest'
import { CUSTOMER, startFakeEc2 } from '../../support/fake-ec2.ts'
import { SECOND } from '../../support/harness.ts'
import { createAwsCustomer, linkEnvironment, lookOnce } from '../../support/private-links.ts'
import { NO_CLI, sharedCliWorld, wordsOf } from '../support/heroku-cli-world.ts'
import { blocksOf } from './support/page-blocks.ts'

const PAGE = 'docs/using/private-link.md'
/** Each line is a process of a second or two, and of more where others work on the machine. */
const PAGE_LIMIT_MS = 600_000
const PATIENCE = { timeout: 60_000, interval: 100 }
/** The plugin of Heroku, which no registry has. */
const NOT_RUN = ['heroku plugins:install data-privatelink']

let awsUrl = ''
const world = sharedCliWorld(async (whenFinished) => {
  const delays = { serviceMs: 0, endpointMs: 0, visibleMs: 0 }
  const { ec2, url } = await startFakeEc2(() => new Date(), { delays })
  whenFinished(() => ec2.close())
  awsUrl = url
  return linkEnvironment(url)
})

const lines = blocksOf(PAGE)
  .flatMap(({ code }) => code.replace(/\\\n\s*/g, '').split('\n'))
  .filter((line) => line !== '' && !NOT_RUN.includes(line))

describe.skipIf(NO_CLI)(PAGE, () => {
  test('each line does what it says, one after the other', { timeout: PAGE_LIMIT_MS }, async () => {
    const { harness, cli, exchanged } = world()
    const { heroku, deps, clock } = harness
    heroku.setUndeclaredVars('taken')
    await heroku.customer.createApp('service-1')
    const { id } = await heroku.customer.createAddon({ app: 'service-1', plan: 'private-fortnightly' })
    await exchanged(id)
    const customer = createAwsCustomer(awsUrl, CUSTOMER)
    const endpointVar = () =>
      Object.keys(heroku.view.configVars('service-1')).find((name) => name.includes('_ENDPOINT_'))
    let serviceName = ''

    /** What the worker does meanwhile. */
    async function timePasses(): Promise<void> {
      clock.advance(2 * SECOND)
      await lookOnce(deps)
    }

    async function type(line: string): Promise<void> {
      let ended = false
      const running = cli.run(wordsOf(line).slice(1)).finally(() => {
        ended = true
      })
      await vi.waitFor(async () => {
        await timePasses()
        expect(ended).toBe(true)
      }, PATIENCE)
      const { code, stdout, stderr } = await running
      expect(code, `${line}\n${stdout}${stderr}`).toBe(0)
      serviceName = /com\.amazonaws\.vpce\.\S+/.exec(stdout)?.[0] ?? serviceName
      if (line.includes('config:get')) expect(stdout).toMatch(/^https:\/\/vpce-\S+\/v1\n$/)
    }

    for (const line of lines) {
      if (!line.startsWith('aws ')) {
        await type(line.replace(/SECURE_ENDPOINT_[0-9A-F]{17}_URL/, () => endpointVar() ?? 'NONE'))
        continue
      }
      expect(line).toMatch(/^aws ec2 create-vpc-endpoint .* --service-name SERVICE-NAME/)
      await customer.createEndpoint(serviceName)
      await vi.waitFor(async () => {
        await timePasses()
        expect(endpointVar()).toMatch(/^SECURE_ENDPOINT_[0-9A-F]{17}_URL$/)
      }, PATIENCE)
    }
    customer.close()
    // The last line has destroyed it.
    await vi.waitFor(async () => {
      await timePasses()
      expect(endpointVar()).toBeUndefined()
    }, PATIENCE)
  })

  test('it names every command about the link', () => {
    const named = new Set(
      lines.map((line) => wordsOf(line)[1] ?? '').filter((word) => /^securekey:/.test(word)),
    )
    expect([...named].toSorted()).toEqual(
      ['', ':access', ':access:add', ':access:remove', ':create', ':destroy', ':wait'].map(
        (part) => `securekey:privatelink${part}`,
      ),
    )
  })
})
