import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { handOver } from 'securekey/hand-over'

const { SERVER_URL, SECURE_KEY_URL, CLIENT_SECRET } = process.env

// { "keys": "<CURRENT>,<PREVIOUS>" }, put here by a person once; from then on what this program stores.
const state = JSON.parse(readFileSync('state.json', 'utf8'))

// Without waiting in between: keys may come while a session is saved.
function save(change) {
  Object.assign(state, change)
  writeFileSync('state.json.new', JSON.stringify(state), { mode: 0o600, flush: true })
  renameSync('state.json.new', 'state.json') // whole, or not at all
}

const client = await handOver({
  url: SECURE_KEY_URL,
  client: CLIENT_SECRET,
  keys: state.keys,
  onKeys: (keys) => save({ keys }), // stored before they are used
})

async function call(method, path, token) {
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(new URL(path, SERVER_URL), { method, headers })
  return response.ok ? await response.json() : undefined
}

const visit = await call('GET', '/', state.session)
const signed = client.keyring.sign('laptop', { purpose: 'login', expiresIn: '5m' })
const answer = visit ?? (await call('POST', '/login', signed))
if (answer) save({ session: answer.session })
console.log(answer ? `${answer.hello}: ${visit ? 'still logged in' : 'logged in'}` : 'not let in')

// The server took the previous key as well; here it buys the latest.
const asked = await client.ask()
console.log(asked.ok ? asked.outcome : `refused: ${asked.reason}`)
client.close()
process.exitCode = answer && asked.ok ? 0 : 1
