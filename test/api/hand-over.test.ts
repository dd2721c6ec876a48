import { describe, expect, test } from 'vitest'
import { readBearer } from '../../src/domain/bearer-text.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { HAND_OVER_DESCRIPTION } from '../../src/http/api/hand-over-description.ts'
import { keysOn } from '../support/addon.ts'
import { historyOf } from '../support/resource.ts'
import { type ApiHarness, startApi } from './support/api.ts'
import { ask, derived, handedOverTo, kidOf, signedRequest } from './support/client.ts'
import { ANN } from './support/token.ts'

const rotate = async (h: ApiHarness) => {
  await requestRotation(h.deps, { resourceId: h.addon.id, actor: ANN, evenIfTooSoon: true })
  await h.worker1.tick()
}

describe('the hand-over', () => {
  test.each(['P-256', 'X25519'] as const)(
    'gives a client that holds the previous key the present ones, over %s',
    async (curve) => {
      const h = await startApi()
      const { text: secret, id } = await handedOverTo(h)
      const held = keysOn(h).first
      await rotate(h)
      const answer = await ask(h, { key: held, secret, curve })
      expect(answer).toMatchObject({ status: 200, body: { status: 'handed-over' } })
      const { SECURE_KEY, SECURE_KEYRING } = h.heroku.view.configVars('service-1')
      expect(answer.opened).toMatchObject({
        aud: id,
        keyring: { secure_key: SECURE_KEY, secure_keyring: SECURE_KEYRING },
      })
      expect(answer.text).not.toMatch(/[0-9A-F]{64}/)
      expect(answer.headers.get('etag')).toBe(`"${kidOf(keysOn(h).first)}"`)
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('refresh-after')).toBe('3600')
      const rows = (await historyOf(h.deps, h.addon.id)).slice(-2)
      expect(rows).toMatchObject([
        { kind: 'client-first-asked', actor: { type: 'client', id, name: 'laptop' } },
        { kind: 'keys-handed-over', actor: { type: 'client', id }, details: { signedWith: kidOf(held) } },
      ])
      const call = await h.callerWith('keyring')
      expect(answer.opened?.keyring).toEqual((await call('GET', '/keyring')).body)
    },
  )
})

test('the description works one example out, and its every byte is what it says', async () => {
  const text = HAND_OVER_DESCRIPTION
  const key = /key `([0-9A-F]{64})`/.exec(text)?.[1] ?? ''
  const secret = /Bearer (sk_client_\w+)/.exec(text)?.[1] ?? ''
  expect(readBearer(secret)).toMatchObject({ kind: 'client' })
  expect(text).toContain(`\`${derived(key, 'hand-over').toString('hex')}\``)
  const { epk } = JSON.parse(/^ {4}(\{"epk".*)$/m.exec(text)?.[1] ?? '')
  const [authority, created] = ['securekey.example', 1772539200]
  const request = signedRequest({ key, secret, created, nonce: 'AAECAwQFBgcICQoLDA0ODw', authority, epk })
  const indented = request.base.replace(/^/gm, '    ')
  expect(text).toContain(`\n${indented}\n`)
  for (const [name, field] of [
    ['Signature-Input', 'signature-input'],
    ['Signature', 'signature'],
  ] as const) {
    expect(text).toContain(`\n    ${name}: ${request.headers[field]}\n`)
  }
})
