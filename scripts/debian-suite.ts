// Downloads packages of Debian's suite `trixie` and unpacks them beside the machine's own, which stay as they are:
// node scripts/debian-suite.ts python|ruby prints the folder, for PYTHONPATH=<folder>/usr/lib/python3/dist-packages or
// GEM_PATH=<folder>/usr/share/rubygems-integration/all. What was unpacked once is not asked for again.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { DEBIAN_PACKAGES, type DebianSet } from './debian-packages.ts'

type Source = {
  /** Without a slash at its end. */
  mirror: string
  /** The keys that the suite must be signed with; undefined: there are none to be had. */
  keys: string | undefined
  suite: string
}

type Entry = { file: string; bytes: number; sha256: string }

const SUITE = 'trixie'
const CACHE = fileURLToPath(new URL('../.cache/', import.meta.url))
const DEFAULT_MIRROR = 'http://deb.debian.org/debian'
const APT_FOLDER = '/etc/apt'
const ARCHIVE_KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg'
const DOWNLOAD_LIMIT_MS = 120_000
const PROGRAM_LIMIT_MS = 60_000
const RELEASE_LIMIT_BYTES = 2 * 1024 * 1024
const INDEX_LIMIT_BYTES = 40 * 1024 * 1024
const UNPACKED_INDEX_LIMIT_BYTES = 256 * 1024 * 1024
const PACKAGE_LIMIT_BYTES = 16 * 1024 * 1024
const run = promisify(execFile)

/**
 * Returns the folder that holds these packages, unpacked. Nothing is unpacked whose SHA-256 is not the one of the suite's
 * index, and no index is read that is not the one of its signed release. May be called by several processes at once.
 */
export async function unpackDebian(
  names: readonly string[],
  { cache = CACHE, source = machineSource() }: { cache?: string; source?: Source } = {},
): Promise<string> {
  // A list that changes gets a folder of its own: what is there is whole, or not there.
  const folder = join(cache, `debian-${source.suite}`, digestOf(names.join('\n')).slice(0, 16))
  if (existsSync(folder)) return folder
  mkdirSync(join(folder, '..'), { recursive: true })
  const work = mkdtempSync(`${folder}.work-`)
  try {
    const entries = entriesOf(await readIndex(source, work), names)
    const unpacked = join(work, 'unpacked')
    mkdirSync(unpacked)
    for (const entry of entries) {
      const archive = join(work, 'package.deb')
      await writeFile(archive, await download(`${source.mirror}/${entry.file}`, entry, PACKAGE_LIMIT_BYTES))
      await run('dpkg', ['-x', archive, unpacked], { timeout: PROGRAM_LIMIT_MS })
    }
    moveInto(unpacked, folder)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return folder
}

/** The index of the suite's packages for this machine, as its signed release names it. */
async function readIndex({ mirror, keys, suite }: Source, work: string): Promise<string> {
  const base = `${mirror}/dists/${suite}`
  const { stdout: architecture } = await run('dpkg', ['--print-architecture'], { timeout: PROGRAM_LIMIT_MS })
  const signed = join(work, 'InRelease')
  await writeFile(signed, await download(`${base}/InRelease`, undefined, RELEASE_LIMIT_BYTES))
  const release = keys ? await signedText(signed, keys, work) : readFileSync(signed, 'utf8')
  if (!release.includes(`\nCodename: ${suite}\n`)) throw new Error(`${base}/InRelease is not of ${suite}.`)
  const name = `main/binary-${architecture.trim()}/Packages.gz`
  const line = release
    .slice(release.indexOf('\nSHA256:'))
    .split('\n')
    .map((one) => one.trim().split(/ +/))
    .find(([, , file]) => file === name)
  if (!line) throw new Error(`${base}/InRelease does not name ${name}.`)
  const entry = { file: name, sha256: line[0] ?? '', bytes: Number(line[1]) }
  const index = await download(`${base}/${name}`, entry, INDEX_LIMIT_BYTES)
  return gunzipSync(index, { maxOutputLength: UNPACKED_INDEX_LIMIT_BYTES }).toString('utf8')
}

/** What the signatures cover: text around it is nobody's word. */
async function signedText(signed: string, keys: string, work: string): Promise<string> {
  const covered = join(work, 'Release')
  try {
    await run('gpgv', ['--quiet', '--keyring', keys, '--output', covered, signed], {
      timeout: PROGRAM_LIMIT_MS,
    })
  } catch (error) {
    throw new Error('The release of the suite is not signed by Debian.', { cause: error })
  }
  return readFileSync(covered, 'utf8')
}

function entriesOf(index: string, names: readonly string[]): Entry[] {
  const wanted = new Set(names)
  const found = new Map<string, Entry>()
  for (const stanza of index.split('\n\n')) {
    const fields = new Map([...stanza.matchAll(/^(\S+): (.*)$/gm)].map(([, key, value]) => [key, value]))
    const name = fields.get('Package') ?? ''
    if (!wanted.has(name)) continue
    found.set(name, {
      file: fields.get('Filename') ?? '',
      bytes: Number(fields.get('Size')),
      sha256: fields.get('SHA256') ?? '',
    })
  }
  const missing = names.filter((name) => !found.has(name))
  if (missing.length > 0) throw new Error(`The suite has no ${missing.join(', ')}.`)
  return [...found.values()]
}

/** Returns the file, which is not larger than the limit and, where an entry is given, exactly the one that it describes. */
async function download(url: string, entry: Entry | undefined, limitBytes: number): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_LIMIT_MS) })
  if (!response.ok || !response.body) throw new Error(`${url} was answered with ${response.status}.`)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.length
    if (bytes > Math.min(limitBytes, entry?.bytes ?? limitBytes)) throw new Error(`${url} is too large.`)
    chunks.push(chunk)
  }
  const content = Buffer.concat(chunks)
  if (entry && digestOf(content) !== entry.sha256) throw new Error(`${url} is not what the index says.`)
  return content
}

/** Another process may have been faster: its folder holds the same. */
function moveInto(unpacked: string, folder: string): void {
  try {
    renameSync(unpacked, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  }
}

function machineSource(): Source {
  const keys = existsSync('/usr/bin/gpgv') && existsSync(ARCHIVE_KEYS) ? ARCHIVE_KEYS : undefined
  return { mirror: machineMirror(), keys, suite: SUITE }
}

/** The mirror that this machine's apt uses. */
function machineMirror(): string {
  const folder = join(APT_FOLDER, 'sources.list.d')
  const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
  const texts = [join(APT_FOLDER, 'sources.list'), ...files].filter((file) => existsSync(file))
  for (const text of texts.map((file) => readFileSync(file, 'utf8'))) {
    const mirror = /^(?:deb\s.*?|URIs:\s*)(https?:\/\/\S+\/debian)\/?(?:\s|$)/m.exec(text)?.[1]
    if (mirror) return mirror
  }
  return DEFAULT_MIRROR
}

function digestOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

function isSet(name: string): name is DebianSet {
  return Object.hasOwn(DEBIAN_PACKAGES, name)
}

if (import.meta.main) {
  const name = process.argv[2] ?? ''
  if (!isSet(name)) throw new Error(`Name a set of packages: ${Object.keys(DEBIAN_PACKAGES).join(' or ')}.`)
  console.log(await unpackDebian(DEBIAN_PACKAGES[name]))
}
