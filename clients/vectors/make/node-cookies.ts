// `node clients/vectors/make/node-cookies.ts`: writes the cookies that the real frameworks of npm make, one file for each.
// Run it when a framework changes its form, and again when a state changes: it makes other bytes each time.
import { readFileSync, writeFileSync } from 'node:fs'
import { mock } from 'node:test'
import { fileURLToPath } from 'node:url'
import { keyVectors } from './keys.ts'
import { type Given, NODE_FRAMEWORKS } from './node-frameworks.ts'
import { stateVectors } from './states.ts'

/** The states of a whole life, in which the cookies are made and read. */
const MADE_IN = [
  'fresh',
  'next announced',
  'rotated once',
  'settling',
  'next promoted',
  'rotated twice',
  'revoked',
]
const READ_IN = [...MADE_IN, 'grace ended', 'older key kept', 'revoked with next', 'without a keyring']

/** iron-session numbers its keys by their versions: without a keyring there are none, and a filler has none. */
const NOT_READ_IN: Record<string, string[]> = { 'iron-session': ['grace ended', 'without a keyring'] }

const root = new URL('../../../', import.meta.url)
const states = new Map(stateVectors().map((state) => [state.name, state]))
const keys = keyVectors()

for (const framework of Object.keys(NODE_FRAMEWORKS)) {
  const entries = []
  for (const name of MADE_IN) entries.push(await entryOf(framework, name))
  const file = new URL(`clients/vectors/cookies/${framework.replace('@', '').replace('/', '-')}.json`, root)
  const made = {
    format: 'securekey-cookies/1',
    framework,
    version: versionOf(framework),
    made_by: 'clients/vectors/make/node-cookies.ts',
    entries,
  }
  writeFileSync(fileURLToPath(file), `${JSON.stringify(made, null, 2)}\n`)
  console.log(`${fileURLToPath(file)} is written.`)
}

async function entryOf(framework: string, name: string) {
  const { now, signing } = stateNamed(name)
  // The frameworks ask the process for the time, and write it into some of the cookies.
  mock.timers.enable({ apis: ['Date'], now })
  const cookies = await NODE_FRAMEWORKS[framework]?.login(givenIn(name))
  mock.timers.reset()
  const readIn = READ_IN.filter((state) => !NOT_READ_IN[framework]?.includes(state))
  const accepts = (state: string) => stateNamed(state).accepted.includes(signing)
  return {
    ...{ name: `made when ${name}`, state: name, now, cookies },
    says: NODE_FRAMEWORKS[framework]?.says(cookies ?? {}),
    accepted_in: readIn.filter(accepts),
    refused_in: readIn.filter((state) => !accepts(state)),
  }
}

function givenIn(name: string): Given {
  const { lists, keys: shown } = stateNamed(name)
  const texts = (lists[0]?.kids ?? []).map((kid) => keys.find((key) => key.kid === kid)?.text ?? '')
  const versions = texts.map((text) => {
    const id = keys.find((key) => key.text === text)?.kid
    return [text, shown.find(({ kid }) => kid === id)?.version ?? 0]
  })
  return { texts, versions: Object.fromEntries(versions) }
}

function stateNamed(name: string) {
  const state = states.get(name)
  if (!state) throw new Error(`there is no state "${name}"`)
  return state
}

function versionOf(framework: string): string {
  return JSON.parse(readFileSync(new URL(`node_modules/${framework}/package.json`, root), 'utf8')).version
}
