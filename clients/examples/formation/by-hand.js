import cookieSession from 'cookie-session'
import { serveShop } from './shop.js'

/*
 * The shop without the library, for comparison: `npm start -- --without-library` runs it. While Heroku restarts one
 * dyno after the other, it logs people out.
 */
serveShop(cookieSession({ name: 'shop', keys: process.env.SECURE_KEY.split(','), sameSite: 'lax' }))
