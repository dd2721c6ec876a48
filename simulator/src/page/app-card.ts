import type { Parts } from '../admin/parts.ts'
import type { LogLine } from '../log-line.ts'
import type { AppView, DynoView, ReleaseView } from '../view.ts'
import { actionForm, button, choice, foldout, textField } from './forms.ts'
import { type Html, html } from './html.ts'

const SHOWN_RELEASES = 8
const SHOWN_LOG_LINES = 5

/** An app: config vars, dynos, attachments, releases, and what its owner can do with it. */
export function appCard({ view, heroku }: Parts, app: AppView): Html {
  const { addon } = heroku.settings
  const key = `app-${app.id}`
  const actions = html`
    ${foldout(
      `${key}-add`,
      'Add an add-on',
      actionForm(
        '/simulator/actions/createAddon',
        `${key}-add`,
        { app: app.id },
        html`${choice('Plan', 'plan', addon.plans)} ${textField('--grace', 'option:grace', { placeholder: 'e.g. 4h' })}
          ${textField('--as', 'as', { placeholder: addon.prefix })} ${button(`Create ${addon.id}`)}`,
      ),
    )}
    ${foldout(
      `${key}-var`,
      'Set a config var',
      actionForm(
        '/simulator/actions/setConfigVar',
        `${key}-var`,
        { app: app.id },
        html`${textField('Name', 'name', { placeholder: 'NAME', required: true })} ${textField('Value', 'value', { placeholder: 'empty: unset' })} ${button('Set')}`,
      ),
    )}`
  return html`<article id="${key}">
    <header>
      <h3>${app.name}</h3>
      <p class="facts"><span class="tag">v${app.version}</span> <span>${app.region}</span></p>
      <div class="actions">
        ${actionForm('/simulator/actions/runDyno', `${key}-run`, { app: app.id }, button('Run a one-off dyno'))}
        ${actionForm(
          '/simulator/actions/destroyApp',
          `${key}-destroy`,
          { app: app.id },
          button('Destroy', 'danger'),
          `Destroy ${app.name} and its add-ons?`,
        )}
      </div>
    </header>
    <p class="note" data-note="${app.id}"${app.note === '' && html` hidden`}>${app.note}</p>
    ${configVars(view.configVars(app.id))} ${dynos(app, view.dynos(app.id))}
    ${attachments(view.appAttachments(app.id))} ${releases(app, view.releases(app.id))}
    ${logLines(view.logs().filter((line) => line.app === app.name))} ${actions}
  </article>`
}

function configVars(config: Record<string, string>): Html {
  const items = Object.entries(config).map(
    ([name, value]) => html`<dt>${name}</dt><dd><code>${keysOf(value)}</code></dd>`,
  )
  return items.length === 0 ? html`<p class="none">No config vars.</p>` : html`<dl>${items}</dl>`
}

/** What add-ons have written into the app's log of late, as `heroku logs` would show it. */
function logLines(all: LogLine[]): Html | null {
  if (all.length === 0) return null
  const items = all
    .slice(-SHOWN_LOG_LINES)
    .map((line) => html`<li><code>${line.source}[${line.process}]: ${line.text}</code></li>`)
  return html`<ul class="log">${items}</ul>`
}

/** One key of a pair per line, so that a rotation is seen as the first line moving to the second. */
function keysOf(value: string): Html[] {
  const all = value.split(',')
  return all.map((key, index) => html`<span>${key}${index < all.length - 1 && ','}</span>`)
}

function dynos(app: AppView, all: DynoView[]): Html {
  if (all.length === 0) return html`<p class="none">No dynos.</p>`
  const items = all.map((dyno) => {
    const old = dyno.release < app.version
    const stop =
      dyno.type === 'run' &&
      actionForm(
        '/simulator/actions/stopDyno',
        `dyno-${dyno.id}`,
        { app: app.id, name: dyno.name },
        button('stop', 'quiet'),
      )
    return html`<li class="dyno ${dyno.state}"><b>${dyno.name}</b> ${dyno.state === 'starting' && dyno.type !== 'run' ? 'restarting' : dyno.state}
      <span class="${old ? 'tag old' : 'tag'}">v${dyno.release}</span> ${stop}</li>`
  })
  return html`<ul class="chips">${items}</ul>`
}

function attachments(all: { id: string; name: string; addon: string }[]): Html | null {
  if (all.length === 0) return null
  const items = all.map(
    ({ id, name, addon }) => html`<li><b>${name}</b> of ${addon}
      ${actionForm(
        '/simulator/actions/detach',
        `detach-${id}`,
        { attachment: id },
        button('detach', 'quiet'),
        `Detach ${name}? Its config vars go.`,
      )}</li>`,
  )
  return html`<ul class="chips">${items}</ul>`
}

function releases(app: AppView, all: ReleaseView[]): Html {
  const newest = all.slice(-SHOWN_RELEASES).reverse()
  const rows = newest.map(
    ({ version, status, description, user, createdAt, current }) => html`<tr>
      <th scope="row">v${version}</th>
      <td>${description}${status !== 'succeeded' && ` (${status})`}<small>${user.email}, ${createdAt.slice(11, 19)}</small></td>
      <td>${
        !current &&
        actionForm(
          '/simulator/actions/rollback',
          `rollback-${app.id}-${version}`,
          { app: app.id, version: String(version) },
          button('roll back', 'quiet'),
        )
      }</td>
    </tr>`,
  )
  const earlier =
    all.length > newest.length && html`<p class="none">and ${all.length - newest.length} earlier</p>`
  return foldout(
    `app-${app.id}-releases`,
    `Releases (${all.length}), newest: ${newest[0]?.description ?? ''}`,
    html`<table class="releases"><tbody>${rows}</tbody></table>${earlier}`,
  )
}
