import express from 'express'
import { keyring } from 'securekey'

const ring = keyring() // stops the app here if the keys are unusable
const app = express()

const verify = (request, purpose) =>
  ring.verify(request.get('authorization')?.replace(/^Bearer /, ''), { purpose })
const sessionOf = (name) => ring.sign(name, { purpose: 'session', expiresIn: ring.guaranteedLife })

// Whoever holds one of the two keys can sign who it is.
app.post('/login', (request, response) => {
  const login = verify(request, 'login')
  if (login.ok) response.json({ hello: login.text, session: sessionOf(login.text) })
  else response.status(401).json({ reason: login.reason })
})

// Each visit brings a session that the newest key signs, so it lives on while its owner comes.
app.get('/', (request, response) => {
  const visit = verify(request, 'session')
  if (visit.ok) response.json({ hello: visit.text, session: sessionOf(visit.text) })
  else response.status(401).json({ reason: visit.reason })
})

const server = app.listen(process.env.PORT ?? 3000, process.env.HOST, () => {
  console.log(`port ${server.address().port}`)
})
