import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { unpackDebian } from '../../scripts/debian-suite.ts'
import { removeFolder } from '../support/remove-folder.ts'
import { isMissing, type Toolchain } from './support/toolchain.ts'

const DPKG: Toolchain = {
  program: 'dpkg-deb',
  versionArgs: ['--version'],
  oldest: [1, 20],
  debianPackage: 'dpkg',
}
const ARCHIVE_KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** A mirror with one package, signed by nobody; a file of it can be replaced. */
describe.skipIf(isMissing(DPKG))("Debian's packages", () => {
  const folder = mkdtempSync(join(tmpdir(), 'securekey-debian-'))
  const replaced = new Map<string, Buffer>()
  let files = new Map<string, Buffer>()
  let asked: string[] = []
  const server = createServer((request, response) => {
    const path = (request.url ?? '').slice(1)
    asked.push(path)
    const content = replaced.get(path) ?? files.get(path)
    response.writeHead(content ? 200 : 404).end(content)
  })
  const packageFile = 'pool/sample.deb'
  let indexFile = ''

  beforeAll(async () => {
    const architecture = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim()
    indexFile = `dists/trixie/main/binary-${architecture}/Packages.gz`
    files = mirrorFiles(buildPackage(join(folder, 'build')), packageFile, indexFile)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  beforeEach(() => {
    replaced.clear()
    asked = []
  })
  afterAll(async () => {
    server.close()
    await removeFolder(folder)
  })

  const unpack = (cache: string, { names = ['sample'], keys }: { names?: string[]; keys?: string } = {}) => {
    const mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return unpackDebian(names, { cache: join(folder, cache), source: { mirror, keys, suite: 'trixie' } })
  }
  const leftIn = (cache: string) => readdirSync(join(folder, cache, 'debian-trixie'))

  test('are unpacked once: the second call asks for nothing', async () => {
    const unpacked = await unpack('once')
    expect(readFileSync(join(unpacked, 'usr/share/sample/text'), 'utf8')).toBe('as packed')
    expect(asked).toHaveLength(3)
    expect(await unpack('once')).toBe(unpacked)
    expect(asked).toHaveLength(3)
  })

  test('are whole for every one of several callers at once, and nothing else is left', async () => {
    const unpacked = new Set(await Promise.all(Array.from({ length: 4 }, () => unpack('together'))))
    expect(leftIn('together').map((name) => join(folder, 'together', 'debian-trixie', name))).toEqual([
      ...unpacked,
    ])
    for (const one of unpacked) expect(existsSync(join(one, 'usr/share/sample/text'))).toBe(true)
  })

  test('are refused when a package is not the one of the index', async () => {
    const content = Buffer.from(files.get(packageFile) ?? '')
    content[content.length - 1] = (content.at(-1) ?? 0) ^ 1
    replaced.set(packageFile, content)
    await expect(unpack('other-package')).rejects.toThrow('is not what the index says')
    expect(leftIn('other-package')).toEqual([])
  })

  test('are refused when a package is longer than the index says', async () => {
    replaced.set(packageFile, Buffer.concat([files.get(packageFile) ?? Buffer.of(), Buffer.of(0)]))
    await expect(unpack('longer-package')).rejects.toThrow('is too large')
  })

  test('are refused when the index is not the one of the release', async () => {
    replaced.set(indexFile, gzipSync('Package: sample\n'))
    await expect(unpack('other-index')).rejects.toThrow(/is not what the index says|is too large/)
  })

  test('are refused when the release is of another suite', async () => {
    replaced.set('dists/trixie/InRelease', Buffer.from('\nCodename: sid\n'))
    await expect(unpack('other-suite')).rejects.toThrow('is not of trixie')
  })

  test('are refused when the suite lacks one that was named', async () => {
    await expect(unpack('absent', { names: ['sample', 'no-such'] })).rejects.toThrow(
      'The suite has no no-such.',
    )
  })

  test('are refused when the release is not signed by the keys of Debian', async () => {
    await expect(unpack('unsigned', { keys: ARCHIVE_KEYS })).rejects.toThrow('is not signed by Debian')
  })
})

function buildPackage(folder: string): Buffer {
  mkdirSync(join(folder, 'DEBIAN'), { recursive: true })
  mkdirSync(join(folder, 'usr/share/sample'), { recursive: true })
  writeFileSync(join(folder, 'usr/share/sample/text'), 'as packed')
  const control =
    'Package: sample\nVersion: 1\nArchitecture: all\nMaintainer: nobody <n@example.com>\nDescription: sample\n'
  writeFileSync(join(folder, 'DEBIAN/control'), control)
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', folder, `${folder}.deb`], { stdio: 'ignore' })
  return readFileSync(`${folder}.deb`)
}

function mirrorFiles(content: Buffer, packageFile: string, indexFile: string): Map<string, Buffer> {
  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
  const stanza = `Package: sample\nFilename: ${packageFile}\nSize: ${content.length}\nSHA256: ${sha256(content)}\n`
  const index = gzipSync(`${stanza}\nPackage: other\n`)
  const name = indexFile.replace('dists/trixie/', '')
  const release = `Suite: stable\nCodename: trixie\nSHA256:\n ${sha256(index)} ${index.length} ${name}\n`
  return new Map([
    [packageFile, content],
    [indexFile, index],
    ['dists/trixie/InRelease', Buffer.from(release)],
  ])
}
