import cookieSession from 'cookie-session'
import { keyring } from 'securekey'
import { serveShop } from './shop.js'

// Heroku has restarted every dyno within ten minutes, which is the default; `npm start` is quicker.
const keys = keyring({ settle: Number(process.env.SETTLE_SECONDS ?? 600) })

serveShop(keys.cookieSession(cookieSession, { name: 'shop', sameSite: 'lax' }))
