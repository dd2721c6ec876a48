import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { removeFolder } from '../support/remove-folder.ts'
import { keyService } from './snippets/support/key-service.ts'
import { stateNamed } from './snippets/support/lives-through-rotations.ts'
import { debianSuite } from './support/debian-suite.ts'
import { CLIENT_PYTHON, COMPILED, distPackages, isOfMachine } from './support/python-tests.ts'
import { isMissing } from './support/toolchain.ts'

const SOURCE = fileURLToPath(new URL('../../clients/python', import.meta.url))
const README = readFileSync(join(SOURCE, 'README.md'), 'utf8')
const RUN_LIMIT_MS = 150_000
const BUILD_LIMIT_MS = 180_000

const buildable =
  !isMissing(CLIENT_PYTHON) &&
  ['pip', 'setuptools', 'wheel'].every((name) =>
    isOfMachine({ name, from: [0, 30], before: [999, 0], debianPackage: `python3-${name}` }),
  )
const MYPY = isOfMachine({ name: 'mypy', from: [1, 0], before: [999, 0], debianPackage: 'mypy' })
const newer = buildable ? await debianSuite('python') : undefined

/** A ring after so many rotations, as the variables of an app. */
function variables(generation: number): Record<string, string> {
  const key = (version: number) =>
    createHash('sha256').update(`readme ${version}`).digest('hex').toUpperCase()
  const kid = (version: number) => createHash('sha256').update(key(version)).digest('hex').slice(0, 8)
  const at = (period: number) => new Date(Date.UTC(2026, 2, 3) + period * 14 * 86_400_000).toISOString()
  const [first, second] = [generation + 2, generation + 1]
  const keys = [
    { kid: kid(first), version: first, use: 'sign', until: null },
    { kid: kid(second), version: second, use: 'verify', until: at(generation + 1) },
  ]
  const dates = { rotated_at: at(generation), next_rotation_at: at(generation + 1) }
  return {
    SECURE_KEY: `${key(first)},${key(second)}`,
    SECURE_KEYRING: JSON.stringify({
      v: 1,
      keys,
      reason: 'scheduled',
      ...dates,
      good_for: 604_800,
      mac: '1.0.x',
    }),
  }
}

function blocksOf(heading: string): string[] {
  const section = README.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  const blocks = [...section.matchAll(/^```python\n(.*?)^```$/gms)].map(([, code]) => code ?? '')
  expect(blocks.length, `README.md has code under "${heading}"`).toBeGreaterThan(0)
  return blocks
}

describe.skipIf(!buildable)('the package for Python', { timeout: BUILD_LIMIT_MS }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'securekey-python-'))
  const python = join(folder, 'venv', 'bin', 'python')
  afterAll(() => removeFolder(folder))

  const run = async (
    program: string,
    args: readonly string[],
    env: Record<string, string> = {},
    cwd = folder,
  ) => {
    const { stdout, stderr } = await promisify(execFile)(program, args, {
      cwd,
      env: {
        PATH: process.env.PATH,
        LC_ALL: 'C.UTF-8',
        PIP_NO_INDEX: '1',
        PYTHONPYCACHEPREFIX: COMPILED,
        HOME: folder,
        ...env,
      },
      timeout: RUN_LIMIT_MS,
    })
    return { stdout, stderr }
  }
  const build = (what: 'sdist' | 'wheel', from: string) =>
    run(
      CLIENT_PYTHON.program,
      ['-c', `import setuptools.build_meta as b; b.build_${what}('${folder}')`],
      {},
      from,
    )
  /** Runs code in the empty environment, which has nothing but the package. */
  const runCode = async (code: string, env: Record<string, string>, args: readonly string[] = []) => {
    const file = join(folder, 'readme.py')
    writeFileSync(file, code)
    return (await run(python, [file, ...args], env)).stdout
  }
  const packed = (ending: string) =>
    join(folder, readdirSync(folder).find((name) => name.endsWith(ending)) ?? 'nothing was packed')

  beforeAll(async () => {
    cpSync(SOURCE, join(folder, 'source'), { recursive: true })
    await build('sdist', join(folder, 'source'))
    await run('tar', ['xf', packed('.tar.gz')])
    await build('wheel', packed('.tar.gz').replace('.tar.gz', ''))
    await run(CLIENT_PYTHON.program, ['-m', 'venv', '--without-pip', join(folder, 'venv')])
    const install = ['--python', python, 'install', '--quiet', '--no-index', packed('.whl')]
    await run(CLIENT_PYTHON.program, ['-m', 'pip', ...install])
  }, BUILD_LIMIT_MS)

  test('is built without a network from its sdist, and holds the code, the mark of its types and the license', async () => {
    const list = 'import sys, zipfile; print("\\n".join(sorted(zipfile.ZipFile(sys.argv[1]).namelist())))'
    const { stdout } = await run(CLIENT_PYTHON.program, ['-c', list, packed('.whl')])
    const names = stdout.trim().split('\n')
    const code = readdirSync(join(SOURCE, 'src'), { recursive: true, encoding: 'utf8' })
    expect(names.filter((name) => name.startsWith('securekey/'))).toEqual(
      code.filter((name) => /\.(py|typed)$/.test(name)).sort(),
    )
    expect(names.filter((name) => name.endsWith('LICENSE'))).toHaveLength(1)
  })

  test('needs no other package, and says which Python it needs', async () => {
    const code =
      'import importlib.metadata as m; d = m.metadata("securekey"); print(d["Requires-Python"], m.requires("securekey"))'
    expect(await runCode(code, {})).toBe('>=3.9 None\n')
  })

  test.skipIf(!MYPY)(
    'has types that hold, and an app that follows its README is told of a wrong one',
    async () => {
      const app = join(folder, 'typed_app.py')
      writeFileSync(
        app,
        `${blocksOf('Sign and verify').join('\n')}\nring.sign(17, purpose="login", expires_in="12h")\n`,
      )
      // Django has no types of its own.
      const flags = [
        '--strict',
        '--ignore-missing-imports',
        '--allow-subclassing-any',
        '--python-version',
        '3.9',
      ]
      const mypy = ['-m', 'mypy', '--cache-dir', join(COMPILED, 'mypy'), ...flags]
      const env = { MYPYPATH: join(folder, 'source', 'src') }
      await run(CLIENT_PYTHON.program, [...mypy, '-p', 'securekey'], env)
      const complaint = await run(CLIENT_PYTHON.program, [...mypy, app], env).catch((error) => error.stdout)
      expect(complaint).toMatch(/Argument 1 to "sign".*expected "str"/)
      expect(complaint).toContain('Found 1 error')
    },
  )

  test('signs, verifies and derives as its README says', async () => {
    const [signing = '', deriving = ''] = blocksOf('Sign and verify')
    const printed = await runCode(`${signing}\n${deriving}\nprint(len(key))`, variables(0))
    const lines = printed.trim().split('\n')
    expect(lines[0]).toBe('user-17')
    expect(lines).toHaveLength(5)
    expect(lines.at(-1)).toBe('32')
  })

  test('renews what an older key made, as its README says', async () => {
    const [signing = ''] = blocksOf('Sign and verify')
    const token = (await runCode(`${signing}\nprint(token)`, variables(0))).trim().split('\n').at(-1) ?? ''
    const later = signing.replace(/^token = .*$/m, `token = ${JSON.stringify(token)}`)
    const printed = await runCode(`${later}\nprint(token != ${JSON.stringify(token)})`, variables(1))
    expect(printed).toBe('user-17\nTrue\n')
    expect(await runCode(later, variables(2))).toBe('unknown-key\n')
  })

  test('takes new keys while it runs as its README says', async () => {
    const service = await keyService('rotated once')
    try {
      const { secure_key, secure_keyring } = stateNamed('fresh')
      const env = { SECURE_KEY: secure_key, SECURE_KEYRING: secure_keyring ?? '', ...service.variables }
      const code = blocksOf('Take new keys while the app runs').join('\n')
      expect(await runCode(code, env)).toBe('True\nfresh\n')
    } finally {
      await service.stop()
    }
  })

  test('checks the variables as its README says', async () => {
    const check = (args: string[], env: Record<string, string>) =>
      run(python, ['-m', 'securekey', 'check', ...args], env)
    const { SECURE_KEY = '', SECURE_KEYRING: told = '' } = variables(0)
    expect((await check([], variables(0))).stdout).toContain('newest first')
    const other = { SERVICE_ONE_SECURE_KEY: SECURE_KEY, SERVICE_ONE_SECURE_KEYRING: told }
    expect((await check(['SERVICE_ONE_SECURE_KEY'], other)).stdout).toContain('SERVICE_ONE_SECURE_KEY')
    await expect(check([], { SECURE_KEY })).rejects.toMatchObject({ code: 1 })
    await expect(check([], {})).rejects.toMatchObject({ code: 2 })
  })

  describe.skipIf(newer === undefined)('with the real frameworks', () => {
    const frameworks = { PYTHONPATH: distPackages(newer ?? '') }

    test('hands itsdangerous its keys as its README says', async () => {
      expect(await runCode(blocksOf('itsdangerous').join('\n'), { ...frameworks, ...variables(0) })).toBe(
        'user-17\n',
      )
    })

    test('keeps a login of Flask over a rotation as its README says', async () => {
      const code = `${blocksOf('Flask').join('\n')}${FLASK_REST}`
      const cookie = await runCode(code, { ...frameworks, ...variables(0) }, ['login'])
      const visit = (generation: number) =>
        runCode(code, { ...frameworks, ...variables(generation) }, [cookie.trim()])
      expect([await visit(1), await visit(2)]).toEqual(['user-17\n', 'nobody\n'])
    })

    test('keeps a login of Django over a rotation as its README says, also for requests sent together', async () => {
      mkdirSync(join(folder, 'site'), { recursive: true })
      writeFileSync(join(folder, 'site', 'settings.py'), `${blocksOf('Django').join('\n')}${DJANGO_REST}`)
      const env = { ...frameworks, PYTHONPATH: `${join(folder, 'site')}:${frameworks.PYTHONPATH}` }
      const cookie = await runCode(DJANGO_SITE, { ...env, ...variables(0) }, ['login'])
      const visit = (generation: number) =>
        runCode(DJANGO_SITE, { ...env, ...variables(generation) }, [cookie.trim()])
      expect(await visit(1)).toBe('user-17 user-17\n')
      expect(await visit(2)).toBe('user-17 user-17\n')
      expect(await visit(4)).toBe('nobody nobody\n')
    })
  })
})

const FLASK_REST = `
import sys

@app.get("/login")
def login():
    session["user"] = "user-17"
    return ""

@app.get("/")
def home():
    return session.get("user", "nobody")

client = app.test_client()
if sys.argv[1] == "login":
    print(client.get("/login").headers["Set-Cookie"].split(";")[0].split("=", 1)[1])
else:
    client.set_cookie("session", sys.argv[1])
    print(client.get("/").text)
`

const DJANGO_REST = `
from pathlib import Path

ALLOWED_HOSTS = ["testserver"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(Path(__file__).with_name("site.sqlite3"))}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
ROOT_URLCONF = "urls"
USE_TZ = True
`

const DJANGO_SITE = `
import os, sys, types
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
django.setup()
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import path

urls = types.ModuleType("urls")
urls.urlpatterns = [path("", lambda request: HttpResponse(request.user.username or "nobody"))]
sys.modules["urls"] = urls
told = [one.msg for one in run_checks(include_deployment_checks=True)]
assert told and not [one for one in told if "SECRET_KEY" in one or "AuthenticationMiddleware" in one], told
call_command("migrate", verbosity=0)

def visit(cookie):
    client = Client()
    client.cookies["sessionid"] = cookie
    return client.get("/").content.decode()

if sys.argv[1] == "login":
    client = Client()
    client.force_login(User.objects.create_user("user-17"))
    print(client.cookies["sessionid"].value)
else:
    print(visit(sys.argv[1]), visit(sys.argv[1]))
`
