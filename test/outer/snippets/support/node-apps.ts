import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { blockAt } from './page-blocks.ts'
import type { Start } from './running-app.ts'

const RESOLVER = fileURLToPath(new URL('node-resolver.ts', import.meta.url))

/** What a page leaves to its reader: a login, a visit, and the server. `$` marks names of ours. */
const AROUND = {
  express: `
app.get('/login', (request, response) => { request.session.user = 42; response.end('in') })
app.get('/visit', (request, response) => response.end(String(request.session?.user ?? 'nobody')))
const $server = app.listen(0, '127.0.0.1', () => console.log('port ' + $server.address().port))`,
  'express-cookie': `
app.get('/login', (request, response) => response.cookie('login', '42', options).end('in'))
app.get('/visit', (request, response) => response.end(request.signedCookies.login || 'nobody'))
const $server = app.listen(0, '127.0.0.1', () => console.log('port ' + $server.address().port))`,
  koa: `
app.use((ctx) => {
  if (ctx.path === '/login') ctx.session.user = 42
  ctx.body = String(ctx.session?.user ?? 'nobody')
})
const $server = app.listen(0, '127.0.0.1', () => console.log('port ' + $server.address().port))`,
  'koa-cookie': `
app.use((ctx) => {
  if (ctx.path === '/login') ctx.cookies.set('login', '42', options)
  ctx.body = ctx.cookies.get('login', { signed: true }) || 'nobody'
})
const $server = app.listen(0, '127.0.0.1', () => console.log('port ' + $server.address().port))`,
  fastify: `
app.get('/login', async (request) => { request.session.set('user', 42); return 'in' })
app.get('/visit', async (request) => String(request.session.get('user') ?? 'nobody'))
await app.listen({ port: 0, host: '127.0.0.1' })
console.log('port ' + app.server.address().port)`,
  'fastify-cookie': `
app.get('/login', async (request, reply) => { reply.setCookie('login', '42', options); return 'in' })
app.get('/visit', async (request) => {
  const { valid, value } = request.unsignCookie(request.cookies.login ?? '')
  return valid ? value : 'nobody'
})
await app.listen({ port: 0, host: '127.0.0.1' })
console.log('port ' + app.server.address().port)`,
  jwt: `
import { createServer as $createServer } from 'node:http'
const $server = $createServer(async (request, response) => {
  if (request.url === '/login') response.setHeader('set-cookie', 'login=' + (await tokenOf('42')))
  response.end((await userOf(/login=([^;]+)/.exec(request.headers.cookie ?? '')?.[1])) ?? 'nobody')
})
$server.listen(0, '127.0.0.1', () => console.log('port ' + $server.address().port))`,
  iron: `
import { createServer as $createServer } from 'node:http'
const $server = $createServer(async (request, response) => {
  const session = await sessionOf(request, response)
  if (request.url === '/login') session.user = 42
  if (session.user) await session.save()
  response.end(String(session.user ?? 'nobody'))
})
$server.listen(0, '127.0.0.1', () => console.log('port ' + $server.address().port))`,
  auth: `
import { createServer as $createServer } from 'node:http'
import { Auth as $Auth } from '@auth/core'
import { encode as $encode } from '@auth/core/jwt'
const $name = 'authjs.session-token'
const $server = $createServer(async (request, response) => {
  if (request.url === '/login') {
    const token = await $encode({ token: { sub: '42', name: '42' }, salt: $name, secret: auth.secret, maxAge: auth.session.maxAge })
    response.setHeader('set-cookie', $name + '=' + token)
    return response.end('in')
  }
  const asked = new Request('http://127.0.0.1/auth/session', { headers: { cookie: request.headers.cookie ?? '' } })
  const answer = await $Auth(asked, { providers: [], basePath: '/auth', trustHost: true, logger: { error() {} }, ...auth })
  for (const set of answer.headers.getSetCookie()) response.appendHeader('set-cookie', set)
  response.end((await answer.json())?.user?.name ?? 'nobody')
})
$server.listen(0, '127.0.0.1', () => console.log('port ' + $server.address().port))`,
} as const

export type Around = keyof typeof AROUND

/** A store of sessions that outlives the process, in place of the reader's own. */
const STORE = `
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import session from 'express-session'
const file = new URL('sessions.json', import.meta.url)
const read = () => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {})
class FileStore extends session.Store {
  get(id, done) { done(null, read()[id]) }
  set(id, value, done) { writeFileSync(file, JSON.stringify({ ...read(), [id]: value })); done?.() }
  destroy(id, done) { const { [id]: _, ...others } = read(); writeFileSync(file, JSON.stringify(others)); done?.() }
}
export const store = new FileStore()
`

/** The app of a page's block, with all that the page leaves to its reader. */
export function nodeApp(page: string, heading: string, around: Around): Start {
  const folder = mkdtempSync(join(tmpdir(), 'securekey-snippet-'))
  writeFileSync(join(folder, 'app.mjs'), `${blockAt(page, heading, 'js')}\n${AROUND[around]}\n`)
  writeFileSync(join(folder, 'store.js'), STORE)
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  return { command: process.execPath, args: ['--import', RESOLVER, 'app.mjs'], cwd: folder }
}
