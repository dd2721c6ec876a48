import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CLIENT_PYTHON } from '../../support/python-tests.ts'
import { blockAt } from './page-blocks.ts'
import type { Start } from './running-app.ts'

const SOURCE = fileURLToPath(new URL('../../../../clients/python/src', import.meta.url))

const SERVE = `
from wsgiref.simple_server import WSGIRequestHandler, make_server
class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass
def serve(app):
    server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
    print("port", server.server_port, flush=True)
    server.serve_forever()
`

/** The rest of a site with people, sessions and a database that outlives the process. */
const DJANGO_SETTINGS = `
from pathlib import Path as _Path
ALLOWED_HOSTS = ["127.0.0.1"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(_Path(__file__).parent / "site.sqlite3")}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ROOT_URLCONF = "app"
USE_TZ = True
`

const DJANGO_APP = `
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
django.setup()
from django.contrib import auth
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.urls import path
def login(request):
    from django.contrib.auth.models import User
    person, _ = User.objects.get_or_create(username="42")
    auth.login(request, person, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponse("in")
def visit(request):
    return HttpResponse(request.user.username or "nobody")
urlpatterns = [path("login", login), path("visit", visit)]
if __name__ == "__main__":
    from django.core.management import call_command
    call_command("migrate", verbosity=0)
    serve(WSGIHandler())
`

const FLASK_APP = `
from flask import session as _session
@app.get("/login")
def login():
    _session["user"] = 42
    return "in"
@app.get("/visit")
def visit():
    return str(_session.get("user", "nobody"))
serve(app)
`

/** The app of a page's block. `packages` is the folder of the framework. */
export function pythonApp(
  page: string,
  heading: string,
  around: 'django' | 'flask',
  packages: string,
): Start {
  const folder = mkdtempSync(join(tmpdir(), 'securekey-snippet-'))
  const block = blockAt(page, heading, 'python')
  if (around === 'flask') writeFileSync(join(folder, 'app.py'), `${block}\n${SERVE}\n${FLASK_APP}`)
  else {
    writeFileSync(join(folder, 'settings.py'), `${block}\n${DJANGO_SETTINGS}`)
    writeFileSync(join(folder, 'app.py'), `${SERVE}\n${DJANGO_APP}`)
  }
  const env = { PYTHONPATH: `${SOURCE}:${packages}`, PYTHONDONTWRITEBYTECODE: '1' }
  return { command: CLIENT_PYTHON.program, args: ['app.py'], cwd: folder, env }
}
