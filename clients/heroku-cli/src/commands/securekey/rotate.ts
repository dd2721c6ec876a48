import * as color from '@heroku/heroku-cli-util/color'
import { boolean } from '@oclif/core/flags'
import { ux } from '@oclif/core/ux'
import { readResource } from '../../answers/resource.ts'
import { readAccepted } from '../../answers/rotation.ts'
import { ADDON, APP, CONFIRM, JSON_FLAG, SecurekeyCommand } from '../../command/securekey-command.ts'
import { WAITING, waitShown } from '../../command/wait-flags.ts'
import { ofRotating } from '../../rotation/consequence.ts'
import { ProblemError } from '../../service/problem.ts'

/** Refusals that `--force` overrules. */
const FORCED: readonly string[] = ['too-soon', 'held-back']

export default class Rotate extends SecurekeyCommand {
  static override description =
    'rotate the keys now: a new key signs, and the current one is accepted for its grace period'
  static override examples = ['heroku securekey:rotate -a my-app --wait']
  static override args = { ...ADDON }
  static override flags = {
    ...APP,
    ...CONFIRM,
    ...JSON_FLAG,
    force: boolean({ description: 'do not wait for apps that may still sign with the previous key' }),
    wait: boolean({ description: 'wait until every attached app runs the new key' }),
    ...WAITING,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Rotate)
    const { addon, service, now } = await this.connect({ app: flags.app, addon: args.addon })
    const { sentences, early } = ofRotating(readResource(await service.ask('GET', '/resource')), now)
    if (early || flags.force) await this.confirmed(addon.app, flags.confirm, sentences)
    else for (const sentence of sentences) ux.stderr(sentence)

    const body = flags.force ? { even_if_too_soon: true } : {}
    const answer = await this.confirmingEnds(addon.app, flags.confirm, (confirm) =>
      this.during(`Rotating the keys of ${color.addon(addon.name)}`, () =>
        service
          .ask('POST', '/rotations', {
            body: { ...body, ...confirm },
            idempotencyKey: this.surroundings.uuid(),
          })
          .catch((error: unknown) => {
            throw withForce(error)
          }),
      ),
    )
    const { rotation, outcome } = readAccepted(answer)
    if (flags.wait) {
      await waitShown(service, 'Waiting for every app to run the new key', flags, this.surroundings)
    }
    if (flags.json) {
      const path = `/rotations/${encodeURIComponent(rotation.id)}`
      return this.printJson(flags.wait ? await service.ask('GET', path) : answer)
    }
    const joined = outcome === 'joined' ? ' was under way already' : ' is under way'
    ux.stdout(flags.wait ? 'Every app runs the new key.' : `Rotation ${rotation.id}${joined}.`)
    if (!flags.wait) ux.stdout(`Run ${color.code(`heroku securekey:wait ${addon.name}`)} to wait for it.`)
  }
}

function withForce(error: unknown): unknown {
  if (!(error instanceof ProblemError) || !FORCED.includes(error.problem)) return error
  return new Error(
    `${error.message} With --force nobody is waited for: what the previous key signed is refused then.`,
  )
}
