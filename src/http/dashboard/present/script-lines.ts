/** Lines that a person pastes, in one language. `needs`: the scopes of the token that they use. */
export type ScriptLines = {
  id: string
  title: string
  language: 'sh' | 'js' | 'rb' | 'py' | 'yaml'
  does: string
  needs: string
  code: string
}

/** What the lines are about: where the API is, and this add-on by its name and one of its apps. */
export type ScriptNames = { api: string; addon: string; app: string }

/**
 * How a script, a program and the command line use the API of this very add-on, ready to be pasted. The token is never among
 * it: each line takes it from the environment.
 */
export function scriptLines({ api, addon, app }: ScriptNames): ScriptLines[] {
  return [
    {
      id: 'curl',
      title: 'curl',
      language: 'sh',
      does: 'Shows the add-on; then rotates now, once a day however often the second line is sent: the key of a request says which it is.',
      needs: 'read, rotate',
      code: `curl -sS --fail-with-body ${api}/resource -H "Authorization: Bearer $SECUREKEY_TOKEN"
curl -sS --fail-with-body -X POST ${api}/rotations -H "Authorization: Bearer $SECUREKEY_TOKEN" -H "Idempotency-Key: deploy-$(date -u +%F)"`,
    },
    {
      id: 'node',
      title: 'Node',
      language: 'js',
      does: 'Rotates now and waits until Heroku has the new key, ten minutes at the most.',
      needs: 'rotate',
      code: `const headers = { authorization: \`Bearer \${process.env.SECUREKEY_TOKEN}\` }
const ask = async (method, path) => {
  const answer = await fetch('${api}' + path, { method, headers, signal: AbortSignal.timeout(10_000) })
  const body = await answer.json()
  if (!answer.ok) throw new Error([body.title, body.detail].filter(Boolean).join('. '))
  return body
}
let { rotation } = await ask('POST', '/rotations')
for (let asked = 0; asked < 120 && !['done', 'superseded', 'cancelled'].includes(rotation.status); asked += 1) {
  await new Promise((resolve) => setTimeout(resolve, 5_000))
  rotation = await ask('GET', \`/rotations/\${rotation.id}\`)
}
console.log(rotation.status, rotation.kid)
if (rotation.status !== 'done') process.exitCode = 1`,
    },
    {
      id: 'ruby',
      title: 'Ruby',
      language: 'rb',
      does: 'Asks whether a key is still accepted. The key itself never travels.',
      needs: 'read',
      code: `require "digest"
require "json"
require "net/http"

uri = URI("${api}/verifications")
headers = { "Authorization" => "Bearer #{ENV.fetch("SECUREKEY_TOKEN")}", "Content-Type" => "application/json" }
sha256 = Digest::SHA256.hexdigest(ENV.fetch("SECURE_KEY").split(",").first)
how = { use_ssl: uri.scheme == "https", open_timeout: 5, read_timeout: 10 }
answer = Net::HTTP.start(uri.host, uri.port, **how) do |http|
  http.post(uri.path, JSON.generate(sha256: sha256), headers)
end
raise answer.body unless answer.is_a?(Net::HTTPSuccess)
puts JSON.parse(answer.body)["outcome"]`,
    },
    {
      id: 'python',
      title: 'Python',
      language: 'py',
      does: 'Tells what each app signs with, and until when it would be good without a rotation.',
      needs: 'read',
      code: `import json, os, urllib.request

request = urllib.request.Request("${api}/resource")
request.add_header("Authorization", "Bearer " + os.environ["SECUREKEY_TOKEN"])
with urllib.request.urlopen(request, timeout=10) as answer:
    addon = json.load(answer)
for app in addon["apps"] or []:
    print(app["name"], app["adoption"])
if addon["would_log_out"]:
    print("accepted until", addon["would_log_out"]["accepted_until"])`,
    },
    {
      id: 'heroku',
      title: 'Heroku CLI',
      language: 'sh',
      does: `With the plugin heroku-securekey, which signs on as you and needs no token: shows the add-on, then rotates and waits for every app. Where a rotation ends something early it asks for the name of the app; where nobody is there to type it, add --confirm ${app}.`,
      needs: '',
      code: `heroku securekey:info ${addon} --app ${app}
heroku securekey:rotate ${addon} --app ${app} --wait`,
    },
    {
      id: 'github',
      title: 'GitHub Actions',
      language: 'yaml',
      does: 'A workflow that rotates when somebody starts it. Keep the token as the secret SECUREKEY_TOKEN of the repository.',
      needs: 'rotate',
      code: `name: Rotate the secure key
on: workflow_dispatch
jobs:
  rotate:
    runs-on: ubuntu-latest
    timeout-minutes: 5
    steps:
      - name: Rotate
        env:
          SECUREKEY_TOKEN: \${{ secrets.SECUREKEY_TOKEN }}
        run: |
          curl -sS --fail-with-body -X POST ${api}/rotations -H "Authorization: Bearer $SECUREKEY_TOKEN" -H "Idempotency-Key: run-$GITHUB_RUN_ID"`,
    },
  ]
}
