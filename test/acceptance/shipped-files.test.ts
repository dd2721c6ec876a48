import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import ours from '../../package.json' with { type: 'json' }
import { readSource } from '../support/source-file.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** What stands beside the service; `clients` is for customers. */
const BESIDE_THE_SERVICE = ['simulator', 'local', 'clients', 'test', 'bench', 'docs', 'scripts']

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const linesOf = (path: string) =>
  read(path)
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))

/** The paths that a Dockerfile copies out of the repository. */
function copiedBy(dockerfile: string): string[] {
  const copies = linesOf(dockerfile).filter((line) => line.startsWith('COPY '))
  return copies.flatMap((line) => line.split(/\s+/).slice(1, -1).map(plainPath))
}

/** The exceptions of a `.dockerignore` that leaves out all else. */
function letThroughBy(dockerignore: string): string[] {
  const [first, ...exceptions] = linesOf(dockerignore)
  expect(first).toBe('*')
  return exceptions.map((line) => plainPath(line.replace(/^!/, '')))
}

function plainPath(path: string): string {
  return path.replace(/^\.?\//, '').replace(/\/$/, '')
}

const isUnder = (path: string, folders: string[]) =>
  folders.some((folder) => path === folder || path.startsWith(`${folder}/`))

const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => posix.join('src', path))
const imports = sources.flatMap((path) =>
  readSource(read(path)).imports.map(({ specifier, typeOnly }) => ({ path, specifier, typeOnly })),
)
/** Every file that the service imports, and what it opens when it runs. */
const needed = [
  ...imports
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ path, specifier }) => posix.join(posix.dirname(path), specifier)),
  ...read('Procfile')
    .matchAll(/src\/\S+/g)
    .map(([path]) => path),
  'migrations',
  'package.json',
]

describe('the image', () => {
  const copied = copiedBy('Dockerfile')

  test('holds every file that the service needs', () => {
    expect(needed.filter((path) => !isUnder(path, copied))).toEqual([])
  })

  test('holds nothing of what stands beside the service', () => {
    expect(BESIDE_THE_SERVICE.filter((folder) => copied.some((path) => isUnder(path, [folder])))).toEqual([])
    expect(copied).not.toContain('')
    expect(copied).not.toContain('.')
  })

  test.each(['.dockerignore', 'simulator/Dockerfile.dockerignore'])(
    'and its Dockerfile copies exactly what %s lets through',
    (dockerignore) => {
      const dockerfile = dockerignore.replace(/\.dockerignore$/, '') || 'Dockerfile'
      expect(letThroughBy(dockerignore).sort()).toEqual(copiedBy(dockerfile).sort())
    },
  )

  test("and the simulator's image holds nothing of the service", () => {
    const ofTheService = ['src', 'migrations', 'addon-manifest.json']
    expect(copiedBy('simulator/Dockerfile').filter((path) => isUnder(path, ofTheService))).toEqual([])
  })
})

describe('the slug', () => {
  const ignored = linesOf('.slugignore').map(plainPath)

  test('holds every file that the service needs', () => {
    expect(needed.filter((path) => isUnder(path, ignored))).toEqual([])
  })

  test('holds nothing of what stands beside the service', () => {
    expect(BESIDE_THE_SERVICE.filter((folder) => !ignored.includes(folder))).toEqual([])
    // Without the slash a pattern would also hit folders of that name further down.
    expect(linesOf('.slugignore').filter((line) => !line.startsWith('/'))).toEqual([])
  })
})

test('every package that the service imports is one that a deployment installs', () => {
  const packages = imports
    .filter(({ specifier, typeOnly }) => !typeOnly && !/^(\.|node:)/.test(specifier))
    .map(({ specifier }) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    )
  expect([...new Set(packages)].filter((name) => !(name in ours.dependencies))).toEqual([])
})
