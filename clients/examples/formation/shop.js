import express from 'express'

/** Serves a shop that knows who is logged in. `session` is the middleware that keeps the login in a cookie. */
export function serveShop(session) {
  const app = express()
  app.disable('x-powered-by')
  // Heroku's router stands in front of it, and says how the visitor came.
  app.set('trust proxy', 1)
  app.use(session)

  app.get('/', (request, response) => {
    const { visitor } = request.session
    if (visitor) response.send(page(`${visitor} is logged in.`, 'logout', 'Log out'))
    else response.status(401).send(page('Nobody is logged in.', 'login', 'Log in as Ada'))
  })
  // An example asks for no password.
  app.post('/login', (request, response) => {
    request.session.visitor = 'Ada'
    response.redirect(303, '/')
  })
  app.post('/logout', (request, response) => {
    request.session = null
    response.redirect(303, '/')
  })

  const server = app.listen(process.env.PORT ?? 3000, process.env.HOST)
  // Heroku ends a dyno with this signal; what is under way is still answered.
  process.on('SIGTERM', () => server.close())
}

function page(text, action, button) {
  return `<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width">
<title>A shop</title>
<h1>A shop</h1>
<p>${text}</p>
<form method="post" action="/${action}"><button>${button}</button></form>
</html>
`
}
