/** Which code of the pages is run, and around what. `rule.test.ts` holds that no block is left out. */
export type AppRun = { page: string; heading: string; around: string; renews: boolean }

const LIBRARY = 'With the library'
const BY_HAND = 'By hand'

/** Both ways of a section, or of a whole page. */
function bothWays(
  page: string,
  section: string,
  around: string,
  renews: { byHand: boolean } = { byHand: true },
) {
  const heading = (way: string) => (section === '' ? way : `${section} / ${way}`)
  return [
    { page, heading: heading(LIBRARY), around, renews: around !== 'jwt' },
    { page, heading: heading(BY_HAND), around, renews: renews.byHand && around !== 'jwt' },
  ]
}

/** Apps of Node: a login before a rotation, a visit after it. */
export const NODE_APPS: AppRun[] = [
  ...bothWays('docs/using/express.md', 'cookie-session', 'express'),
  ...bothWays('docs/using/express.md', 'express-session', 'express'),
  ...bothWays('docs/using/express.md', 'cookie-parser', 'express-cookie'),
  ...bothWays('docs/using/koa.md', 'koa-session', 'koa'),
  ...bothWays('docs/using/koa.md', 'Signed cookies', 'koa-cookie'),
  ...bothWays('docs/using/fastify.md', '@fastify/secure-session', 'fastify'),
  ...bothWays('docs/using/fastify.md', '@fastify/cookie', 'fastify-cookie'),
  ...bothWays('docs/using/jwt.md', 'jose', 'jwt'),
  ...bothWays('docs/using/jwt.md', 'jsonwebtoken', 'jwt'),
  ...bothWays('docs/using/nextjs-authjs.md', 'iron-session', 'iron'),
  ...bothWays('docs/using/nextjs-authjs.md', 'Auth.js', 'auth'),
]

/** Apps of Ruby. A heading that names a Rack is for that one alone. */
export const RUBY_APPS: AppRun[] = [
  ...bothWays('docs/using/sinatra-rack.md', 'Sinatra', 'sinatra'),
  { page: 'docs/using/sinatra-rack.md', heading: `Rack / ${LIBRARY}`, around: 'rack', renews: true },
  { page: 'docs/using/sinatra-rack.md', heading: `Rack / ${BY_HAND}, Rack 2`, around: 'rack', renews: true },
  { page: 'docs/using/sinatra-rack.md', heading: `Rack / ${BY_HAND}, Rack 3`, around: 'rack', renews: true },
  ...bothWays('docs/using/rails.md', '', 'rails'),
]

/** Apps of Python. */
export const PYTHON_APPS: AppRun[] = [
  ...bothWays('docs/using/django.md', '', 'django'),
  ...bothWays('docs/using/flask.md', '', 'flask'),
]

/** Blocks that are no app, and the page's language. */
export const OTHER_RUNS: { page: string; heading: string; language: string }[] = [
  // library.test.ts
  { page: 'docs/using/node.md', heading: LIBRARY, language: 'js' },
  { page: 'docs/using/ruby.md', heading: LIBRARY, language: 'ruby' },
  { page: 'docs/using/python.md', heading: LIBRARY, language: 'python' },
  // live-python.test.ts
  { page: 'docs/using/python.md', heading: 'Without a restart', language: 'python' },
  { page: 'docs/using/django.md', heading: 'Without a restart', language: 'python' },
  { page: 'docs/using/flask.md', heading: 'Without a restart', language: 'python' },
  // live-ruby.test.ts
  { page: 'docs/using/ruby.md', heading: 'Without a restart', language: 'ruby' },
  { page: 'docs/using/rails.md', heading: 'Without a restart', language: 'ruby' },
  { page: 'docs/using/sinatra-rack.md', heading: 'Sinatra / Without a restart', language: 'ruby' },
  // live-node.test.ts
  { page: 'docs/using/live-pick-up.md', heading: 'In Node', language: 'js' },
  // own-keys.test.ts
  { page: 'docs/using/what-the-value-is.md', heading: 'A copy in another variable', language: 'sh' },
  // client-outside.test.ts
  { page: 'docs/using/client-outside.md', heading: 'The server', language: 'js' },
  { page: 'docs/using/client-outside.md', heading: 'The client', language: 'js' },
  // test/http/own-key-page.test.ts
  { page: 'docs/using/own-key.md', heading: 'Make the key', language: 'json' },
  { page: 'docs/using/own-key.md', heading: 'Make the add-on', language: 'json' },
  // webhooks.test.ts
  { page: 'docs/using/webhooks.md', heading: 'What arrives', language: 'json' },
  { page: 'docs/using/webhooks.md', heading: 'In Node', language: 'js' },
  { page: 'docs/using/webhooks.md', heading: 'In Ruby', language: 'ruby' },
  { page: 'docs/using/webhooks.md', heading: 'In Python', language: 'python' },
  // by-hand.test.ts
  { page: 'docs/using/node.md', heading: BY_HAND, language: 'js' },
  { page: 'docs/using/ruby.md', heading: BY_HAND, language: 'ruby' },
  { page: 'docs/using/python.md', heading: BY_HAND, language: 'python' },
  // others.test.ts
  { page: 'docs/using/others.md', heading: 'Laravel', language: 'php' },
  { page: 'docs/using/others.md', heading: 'Go', language: 'go' },
  { page: 'docs/using/others.md', heading: 'Phoenix', language: 'elixir' },
]

/** The pages of the packages are followed word by word by the test of each package, after it was packed and installed. */
export const PACKAGE_PAGES: Readonly<Record<string, string>> = {
  'clients/node/README.md': 'test/clients/node/package.test.ts',
  'clients/ruby/README.md': 'test/outer/clients-ruby-package.test.ts',
  'clients/python/README.md': 'test/outer/clients-python-package.test.ts',
  'clients/heroku-cli/README.md': 'test/outer/heroku-cli-package.test.ts',
}
