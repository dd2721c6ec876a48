import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { webhookBody } from '../../../src/domain/notices/webhook.ts'
import { requestRotation } from '../../../src/flows/dashboard/request-rotation.ts'
import { ANN } from '../../api/support/token.ts'
import { tell } from '../../notices/support/tell.ts'
import { webhookOf } from '../../notices/support/webhook.ts'
import { startWithAddon } from '../../support/addon.ts'
import { blockAt } from './support/page-blocks.ts'

const PAGE = 'docs/using/webhooks.md'
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const LIMIT_MS = 180_000

type Delivered = { secret: string; headers: Record<string, string>; body: string }

/** What the service sends of a rotation, by the clock of this machine, which is what receivers have. */
async function delivered(): Promise<Delivered> {
  const h = await startWithAddon()
  h.clock.advance(Date.now() - h.clock.now().getTime())
  const { receiver, secret } = await webhookOf(h)
  await requestRotation(h.deps, { resourceId: h.addon.id, actor: ANN, evenIfTooSoon: true })
  await tell(h)
  const [post] = receiver.posts
  if (!post) throw new Error('nothing was delivered')
  return { secret, headers: post.headers as Record<string, string>, body: post.body }
}

/** Reads `[headers, body, secret]` a line; says "true" where the snippet took it, "false" where it raised. */
const LANGUAGES = {
  ruby: {
    heading: 'In Ruby',
    command: ['ruby', '-e'],
    caller: `
$stdin.each_line do |line|
  headers, body, secret = JSON.parse(line)
  taken = begin
    verified(headers, body, secret)['type'] == 'securekey.rotation-done'
  rescue StandardError
    false
  end
  puts taken
end`,
  },
  python: {
    heading: 'In Python',
    command: ['python3', '-c'],
    caller: `
import sys
for line in sys.stdin:
    headers, body, secret = json.loads(line)
    try:
        taken = verified(headers, body.encode(), secret)["type"] == "securekey.rotation-done"
    except Exception:
        taken = False
    print(str(taken).lower())`,
  },
} as const

const languages = (['ruby', 'python'] as const).filter((language) => {
  const [command] = LANGUAGES[language].command
  return process.env.REQUIRE_TOOLS === '1' || spawnSync(command, ['--version']).status === 0
})

test.each(languages)(
  'what stands on the page takes what the service sends and nothing else, in %s',
  async (language) => {
    const { secret, headers, body } = await delivered()
    const signature = headers['webhook-signature'] ?? ''
    const hourAgo = String(Number(headers['webhook-timestamp']) - 3_600)
    const cases: [Record<string, string>, string, string, boolean][] = [
      [headers, body, secret, true],
      // While a secret is replaced there are two.
      [
        { ...headers, 'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')} ${signature}` },
        body,
        secret,
        true,
      ],
      [headers, `${body} `, secret, false],
      [headers, body, `whsec_${Buffer.alloc(32, 9).toString('base64')}`, false],
      [{ ...headers, 'webhook-id': 'another' }, body, secret, false],
      [{ ...headers, 'webhook-timestamp': hourAgo }, body, secret, false],
      [{ ...headers, 'webhook-signature': '' }, body, secret, false],
    ]
    const { heading, command, caller } = LANGUAGES[language]
    const [program, flag] = command
    const input = cases.map(([sent, text, key]) => `${JSON.stringify([sent, text, key])}\n`).join('')
    const code = `${blockAt(PAGE, heading, language)}\n${caller}\n`
    const ran = spawnSync(program, [flag, code], { input, encoding: 'utf8', timeout: LIMIT_MS })
    expect([ran.stderr, ran.stdout.trim().split('\n')]).toEqual(['', cases.map((each) => String(each[3]))])
  },
)

test(
  'the receiver on the page takes each notice once and refuses what is forged, in Node',
  async () => {
    const { secret, headers, body } = await delivered()
    const server = spawn(process.execPath, ['--input-type=module', '-e', blockAt(PAGE, 'In Node', 'js')], {
      cwd: ROOT,
      env: { SECUREKEY_WEBHOOK_SECRET: secret, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void server.kill('SIGKILL'))
    const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]()
    const next = async () => String((await lines.next()).value)
    const [, port] = /^port (\d+)$/.exec(await next()) ?? []
    const signed = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('webhook-')))
    const send = async (text: string, sent: Record<string, string> = signed) =>
      (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: text, headers: sent })).status
    expect([await send(body), await send(body), await send(`${body} `), await send(body, {})]).toEqual([
      204, 204, 400, 400,
    ])
    expect(await next()).toMatch(/^securekey\.rotation-done: .* was rotated to key/)
    server.kill('SIGTERM')
    // The same notice again was dropped.
    expect((await lines.next()).done).toBe(true)
  },
  LIMIT_MS,
)

test('the page shows a notice in the form in which one is sent', async () => {
  const shown = JSON.parse(blockAt(PAGE, 'What arrives', 'json'))
  const { body } = await delivered()
  const shapeOf = ({ data, ...rest }: { data: object }) => [Object.keys(rest), Object.keys(data)]
  expect(shapeOf(shown)).toEqual(shapeOf(JSON.parse(body)))
  const { type, timestamp, data } = shown
  const notice = { id: 'x', kind: 'rotation-done', at: new Date(timestamp), ...data } as const
  expect(JSON.parse(webhookBody(data.resource, notice))).toEqual({ type, timestamp, data })
})
