import cookieSession from 'cookie-session'
import { keyring } from 'securekey'
import { serveShop } from './shop.js'

// Heroku restarts all dynos within ten minutes, and that is the default; `npm start` is quicker.
const keys = keyring({ settle: Number(process.env.SETTLE_SECONDS ?? 600) })

serveShop(cookieSession({ name: 'shop', keys: keys.liveSecrets(), sameSite: 'lax' }))
