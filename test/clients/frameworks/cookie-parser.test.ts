import cookieParser from 'cookie-parser'
import express from 'express'
import type { App } from './support/formation.ts'
import { testHalfRestarted } from './support/half-restarted.ts'
import { testOddCookies } from './support/odd-cookies.ts'
import { testRotations } from './support/rotations.ts'

const create = (): App => (ring) => {
  const app = express()
  app.use(cookieParser(ring.cookieParser()))
  app.post('/login', (request, response) => {
    response.cookie('login', request.query.user, { signed: true }).send('welcome')
  })
  app.post('/logout', (_request, response) => void response.clearCookie('login').send('bye'))
  app.get('/static', (_request, response) => void response.send('static'))
  app.get('/', (request, response) => {
    const { login } = request.signedCookies
    response.send(typeof login === 'string' ? login : 'nobody')
  })
  return app
}

testRotations('cookie-parser', create, 'never-renews')
testHalfRestarted('cookie-parser', create, 'leaves-alone')
testOddCookies('cookie-parser', create)
