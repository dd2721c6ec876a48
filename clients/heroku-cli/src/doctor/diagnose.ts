import type { Client } from '../answers/clients.ts'
import type { CheckIn, Resource } from '../answers/resource.ts'
import { isBehind } from '../rotation/wait-until-running.ts'
import { ADOPTION, hiddenWords } from '../shown/apps.ts'
import { FINE, pauseWords } from '../shown/info.ts'
import { listWords } from '../words/list.ts'
import { momentWords } from '../words/moment.ts'
import type { HeldKeys } from './held-keys.ts'

/** One thing that was looked at, in the colours of `pg:diagnose`. Red is wrong; yellow is worth knowing. */
export type Finding = { colour: 'green' | 'yellow' | 'red'; words: string }

/** What a diagnosis is made of. `clients` is null where the user may not see them. */
export type Looked = { resource: Resource; held: HeldKeys; clients: readonly Client[] | null }

/** Everything that was looked at, the worst first. */
export function diagnose({ resource, held, clients }: Looked, now: Date): Finding[] {
  const findings = [
    healthOf(resource),
    pauseOf(resource, now),
    heldOf(resource, held),
    ...appsOf(resource),
    ...checkInsOf(resource, now),
    ...alarmsOf(clients ?? [], now),
  ]
  const order = ['red', 'yellow', 'green']
  return findings.toSorted((a, b) => order.indexOf(a.colour) - order.indexOf(b.colour))
}

function healthOf({ health, rotation }: Resource): Finding {
  // What is under way or paused is told by a finding of its own.
  if (!FINE.includes(health.state)) {
    return { colour: 'red', words: [`${health.heading}.`, health.advice].filter(Boolean).join(' ') }
  }
  return rotation
    ? { colour: 'yellow', words: `Rotation ${rotation} is under way.` }
    : { colour: 'green', words: 'No rotation has failed.' }
}

function pauseOf({ policy }: Resource, now: Date): Finding {
  const words = pauseWords(policy, now)
  return words === null
    ? { colour: 'green', words: 'Scheduled rotations go ahead.' }
    : { colour: 'red', words: `Scheduled rotations are paused ${words}.` }
}

/** What Heroku holds, beside what the service says that it published. */
function heldOf({ keys, rotation }: Resource, held: HeldKeys): Finding {
  switch (held.held) {
    case 'unseen':
      return { colour: 'yellow', words: 'Heroku does not show SECURE_KEY to you, so it was not compared.' }
    case 'nothing':
      return { colour: 'red', words: 'SECURE_KEY is missing at Heroku.' }
    case 'no-pair':
      return { colour: 'red', words: 'SECURE_KEY at Heroku is not two keys: it was overwritten.' }
    case 'pair': {
      const places = [held.signs, held.accepted]
      const signing = keys.find(({ use }) => use === 'sign')?.kid
      const known = places.every((kid) => keys.some((key) => key.kid === kid))
      if (known && (signing === held.signs || rotation)) {
        return { colour: 'green', words: `SECURE_KEY at Heroku holds the keys ${listWords(places)}.` }
      }
      return rotation
        ? { colour: 'yellow', words: 'SECURE_KEY at Heroku is just being replaced.' }
        : {
            colour: 'red',
            words: `SECURE_KEY at Heroku holds ${listWords(places)}, which was not published.`,
          }
    }
  }
}

function appsOf(resource: Resource): Finding[] {
  const { apps } = resource
  if (apps === null) return [{ colour: 'yellow', words: 'Heroku does not tell the apps right now.' }]
  const behind = apps.filter(isBehind).map((app): Finding => {
    const advice = 'Deploy it, or mend its release.'
    return { colour: 'red', words: `${app.name} ${ADOPTION[app.adoption]} (${app.configVar}). ${advice}` }
  })
  const hidden = hiddenWords(resource)
  const current = apps.filter(({ adoption }) => adoption === 'current').map(({ name }) => name)
  const running = [...new Set(current)]
  return [
    ...behind,
    ...(hidden ? [{ colour: 'yellow' as const, words: hidden }] : []),
    ...(running.length > 0
      ? [
          {
            colour: 'green' as const,
            words: `${listWords(running)} ${running.length === 1 ? 'runs' : 'run'} the current key.`,
          },
        ]
      : []),
  ]
}

/** What processes say of themselves. A process that has just started may sign with the previous key for a while. */
function checkInsOf({ apps, checkIns, keys }: Resource, now: Date): Finding[] {
  const signing = keys.find(({ use }) => use === 'sign')?.kid
  const all = [
    ...(apps ?? []).map(({ name, checkIns }) => ({ name, checkIns })),
    { name: 'an app that it did not name', checkIns },
  ]
  return all.flatMap(({ name, checkIns }) =>
    checkIns
      .filter(({ kid, fresh }) => fresh && kid !== signing)
      .map((said): Finding => {
        const when = momentWords(said.at, now)
        const who = `${said.process ?? 'A process'} of ${name} said that it signs with`
        return said.version === null
          ? { colour: 'red', words: `${who} key ${said.kid}, which the add-on does not have, at ${when}.` }
          : { colour: 'yellow', words: `${who} the older key ${said.kid}, at ${when}.` }
      }),
  )
}

/** Clients of the hand-over that came back with an older key than they had signed with. */
function alarmsOf(clients: readonly Client[], now: Date): Finding[] {
  return clients.flatMap(({ id, name, alarmAt }): Finding[] => {
    if (!alarmAt) return []
    const what = `Client ${name} (${id}) came back with an older key at ${momentWords(alarmAt, now)}`
    return [{ colour: 'red', words: `${what}: somebody else may have its secret. End it on the dashboard.` }]
  })
}

/** The last word of each process, for a line of the app. */
export function lastSaid(checkIns: readonly CheckIn[], now: Date): string[] {
  return checkIns
    .filter(({ fresh }) => fresh)
    .map(({ process, kid, at }) => `${process ?? 'a process'} signs with ${kid}, at ${momentWords(at, now)}`)
}
