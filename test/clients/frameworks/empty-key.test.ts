import { createHmac } from 'node:crypto'
import cookieSession from 'cookie-session'
import express from 'express'
import { describe, expect, test } from 'vitest'
import { keyring } from '../../../clients/node/src/index.ts'
import { type App, startProcess, useFormation } from './support/formation.ts'
import { createAddon } from './support/published.ts'
import { request } from './support/visitor.ts'

const EMPTY = ['', ',', ' ', 'test', 'A,B'] as const

test.each(EMPTY)('an app with the library and SECURE_KEY=%j does not start', (value) => {
  expect(() => keyring({ env: { SECURE_KEY: value } })).toThrow(
    expect.objectContaining({ name: 'SecureKeyError', variable: 'SECURE_KEY' }),
  )
})

describe('by hand, with SECURE_KEY.split and an empty SECURE_KEY', () => {
  useFormation()

  test('cookie-session starts, and takes a login that anybody has made', async () => {
    const byHand: App = () => {
      const app = express()
      app.use(cookieSession({ keys: ''.split(',') }))
      app.get('/', (request, response) => void response.send(request.session?.user ?? 'nobody'))
      return app
    }
    const process = await startProcess(byHand, createAddon().provision())
    const session = `session=${Buffer.from('{"user":"mallory"}').toString('base64')}`
    const signature = createHmac('sha1', '').update(session).digest('base64url')
    const { body } = await request(process, { cookie: `${session}; session.sig=${signature}` })
    expect(body).toBe('mallory')
  })
})
