import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import type { AppProcess, AppRelease } from '../../../local/formation/app-process.ts'
import { createFormation, type ProcessNews } from '../../../local/formation/formation.ts'

const noWait = async (_: AbortSignal) => {}

/** A formation whose processes are made of nothing, and all that happens to it, in order. */
function stage({ gap = noWait, refuses = (_: AppRelease): boolean => false } = {}) {
  const story: string[] = []
  const ends = new Map<string, (how: string) => void>()

  async function start(name: string, release: AppRelease): Promise<AppProcess> {
    if (refuses(release)) throw new Error(`${name} ended with exit code 1`)
    const { promise: ended, resolve } = Promise.withResolvers<string>()
    ends.set(name, resolve)
    const stop = async () => {
      story.push(`stop ${name} v${release.version}`)
      resolve('ended')
      return 'ended'
    }
    return { name, label: name, port: 0, version: release.version, ended, stop }
  }

  const formation = createFormation({
    names: ['web.1', 'web.2'],
    start,
    balancer: {
      add: ({ label }) => void story.push(`add ${label}`),
      remove: ({ label }) => void story.push(`remove ${label}`),
    },
    gap,
    retryDelay: noWait,
    tell: (news) => void story.push(inShort(news)),
  })
  onTestFinished(() => formation.close())
  const crash = (name: string) => ends.get(name)?.('ended by SIGKILL')
  return { ...formation, story, crash }
}

function inShort(news: ProcessNews): string {
  if (news.what === 'up') return `${news.name} up v${news.version}`
  return `${news.why}${news.staysDown ? ', stays down' : ''}`
}

const release = (version: number): AppRelease => ({ version, config: {} })

test('a release restarts one process after the other: one is always there', async () => {
  const { deploy, settled, story } = stage()
  deploy(release(2))
  await settled()
  expect(story).toEqual(['add web.1', 'web.1 up v2', 'add web.2', 'web.2 up v2'])
  story.length = 0
  deploy(release(3))
  await settled()
  expect(story).toEqual([
    'remove web.1',
    'stop web.1 v2',
    'add web.1',
    'web.1 up v3',
    'remove web.2',
    'stop web.2 v2',
    'add web.2',
    'web.2 up v3',
  ])
})

test('a release that comes while another is under way is reached by every process', async () => {
  const { deploy, settled, running } = stage()
  for (const version of [2, 3, 4]) deploy(release(version))
  await settled()
  expect(running()).toEqual([
    { name: 'web.1', version: 4 },
    { name: 'web.2', version: 4 },
  ])
})

test('the same release again restarts nothing', async () => {
  const { deploy, settled, story } = stage()
  deploy(release(2))
  await settled()
  story.length = 0
  deploy(release(2))
  await settled()
  expect(story).toEqual([])
})

test('a process that dies is told and started again, three times in one release', async () => {
  const { deploy, settled, story, crash, running } = stage()
  deploy(release(2))
  await settled()
  story.length = 0
  for (const _ of [1, 2, 3]) {
    crash('web.2')
    await expect.poll(() => story.at(-1)).toMatch(/up v2|stays down/)
    await settled()
  }
  expect(story.filter((line) => line.includes('SIGKILL'))).toEqual([
    'web.2 ended by SIGKILL',
    'web.2 ended by SIGKILL',
    'web.2 ended by SIGKILL, stays down',
  ])
  expect(running()).toEqual([{ name: 'web.1', version: 2 }])
  deploy(release(3))
  await settled()
  expect(running()).toHaveLength(2)
})

test('a release with which nothing starts is tried three times, and the next one brings all back', async () => {
  const { deploy, settled, story, running } = stage({ refuses: ({ version }) => version === 3 })
  deploy(release(2))
  await settled()
  story.length = 0
  deploy(release(3))
  await settled()
  const refused = 'web.1 ended with exit code 1'
  expect(story.filter((line) => line.startsWith('web.1'))).toEqual([
    refused,
    refused,
    `${refused}, stays down`,
  ])
  expect(running()).toEqual([])
  deploy(release(4))
  await settled()
  expect(running()).toHaveLength(2)
})

test('a newer release ends the wait between two restarts of the one before', async () => {
  const formation = stage({
    gap: async () => {
      if (!formation.story.includes('web.1 up v4')) formation.deploy(release(4))
    },
  })
  formation.deploy(release(2))
  await formation.settled()
  formation.deploy(release(3))
  await formation.settled()
  expect(formation.story.filter((line) => line.includes(' up v')).slice(2)).toEqual([
    'web.1 up v3',
    'web.1 up v4',
    'web.2 up v4',
  ])
})

test('a formation without an app stops, and a later release starts it again', async () => {
  const { deploy, settled, retire, running } = stage()
  deploy(release(2))
  await settled()
  await retire()
  expect(running()).toEqual([])
  deploy(release(2))
  await settled()
  expect(running()).toHaveLength(2)
})

test('a formation that loses its app in the middle of a restart starts nothing any more', async () => {
  const formation = stage({ gap: async () => void formation.retire() })
  formation.deploy(release(2))
  await formation.settled()
  formation.deploy(release(3))
  await formation.settled()
  await expect.poll(formation.running).toEqual([])
  expect(formation.story).not.toContain('web.2 up v3')
})

test('closing stops what runs, and does not wait for the next restart', async () => {
  const { deploy, story, close, running } = stage({
    gap: async (signal) => void (await once(signal, 'abort')),
  })
  deploy(release(2))
  await expect.poll(running).toHaveLength(2)
  deploy(release(3))
  await expect.poll(() => story.at(-1)).toBe('web.1 up v3')
  await close()
  expect(story.slice(-4).toSorted()).toEqual([
    'remove web.1',
    'remove web.2',
    'stop web.1 v3',
    'stop web.2 v2',
  ])
})
