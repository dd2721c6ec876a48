import * as color from '@heroku/heroku-cli-util/color'
import { styledHeader } from '@heroku/heroku-cli-util/hux'
import { ux } from '@oclif/core/ux'
import { type Client, readClients } from '../../answers/clients.ts'
import { fieldsOf } from '../../answers/fields.ts'
import { type Resource, readResource } from '../../answers/resource.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../command/securekey-command.ts'
import { diagnose, type Finding, lastSaid } from '../../doctor/diagnose.ts'
import { readHeldKeys } from '../../doctor/held-keys.ts'
import { herokuOf } from '../../heroku/heroku.ts'
import { ofRotating } from '../../rotation/consequence.ts'
import { ProblemError } from '../../service/problem.ts'
import type { Service } from '../../service/service.ts'
import { appLine } from '../../shown/apps.ts'

const COLOURS: Readonly<Record<Finding['colour'], (text: string) => string>> = {
  green: color.success,
  yellow: color.warning,
  red: color.failure,
}

export default class Doctor extends SecurekeyCommand {
  static override description =
    'say which app runs which key, what a rotation now would log out, and what is wrong; exits with 1 if something is'
  static override examples = ['heroku securekey:doctor -a my-app']
  static override args = { ...ADDON }
  static override flags = { ...APP, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Doctor)
    const { addon, service, now } = await this.connect({ app: flags.app, addon: args.addon })
    const answer = await service.ask('GET', '/resource')
    const resource = readResource(answer)
    const held = await readHeldKeys(herokuOf(this.heroku), addon.id)
    const findings = diagnose({ resource, held, clients: await clientsOf(service) }, now)
    const rotation = ofRotating(resource, now)
    const wrong = findings.some(({ colour }) => colour === 'red')
    if (flags.json) {
      const { apps, would_log_out } = fieldsOf(answer)
      this.printJson({ ok: !wrong, findings, apps, rotation_now: { ...rotation, would_log_out } })
    } else {
      styledHeader(color.addon(addon.name))
      for (const { colour, words } of findings)
        ux.stdout(`${COLOURS[colour](colour.toUpperCase())}: ${words}`)
      printApps(resource, now)
      printRotation(rotation.sentences)
    }
    if (wrong) process.exitCode = 1
  }
}

/** Only a person whom Heroku has named may see them. */
async function clientsOf(service: Service): Promise<Client[] | null> {
  try {
    return readClients(await service.ask('GET', '/clients'))
  } catch (error) {
    if (error instanceof ProblemError && error.problem === 'person-required') return null
    throw error
  }
}

function printApps({ apps }: Resource, now: Date): void {
  if (apps === null || apps.length === 0) return
  ux.stdout('')
  styledHeader('Apps')
  for (const app of apps) {
    ux.stdout(appLine(app, color))
    for (const line of lastSaid(app.checkIns, now)) ux.stdout(`  ${line}`)
  }
}

function printRotation(sentences: readonly string[]): void {
  ux.stdout('')
  styledHeader('A rotation now')
  for (const sentence of sentences) ux.stdout(sentence)
}
