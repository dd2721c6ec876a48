import type { Parts } from '../admin/parts.ts'
import type { AddonView } from '../view.ts'
import { actionForm, button, choice, foldout, textField } from './forms.ts'
import { type Html, html } from './html.ts'

/** An add-on: plan, state, attachments, and what its owner can do with it. */
export function addonCard({ view, heroku }: Parts, addon: AddonView): Html {
  const key = `addon-${addon.id}`
  const hidden = { addon: addon.id }
  const attachments = view
    .attachments(addon.id)
    .map(({ app, name }) => html`<li><b>${app}</b> as ${name}</li>`)
  const apps = view.apps().map(({ name }) => name)
  const facts = Object.entries(addon.options).map(([name, value]) => html`<span>--${name} ${value}</span>`)
  return html`<article id="${key}">
    <header>
      <h3>${addon.name}</h3>
      <p class="facts">
        <span class="tag">${addon.plan}</span> <span>${addon.state}</span> ${facts} <span>billed to ${addon.app}</span>
      </p>
      <div class="actions">
      <a class="button" href="/simulator/open/${addon.id}" target="_blank" rel="noopener">Open dashboard</a>
      ${actionForm(
        '/simulator/actions/destroy',
        `${key}-destroy`,
        hidden,
        button('Destroy', 'danger'),
        `Destroy ${addon.name}? Its keys go from every app.`,
      )}
      </div>
    </header>
    <p class="id"><code>${addon.id}</code></p>
    ${addon.provisionMessage !== null && html`<blockquote>${addon.provisionMessage}</blockquote>`}
    <ul class="chips">${attachments}</ul>
    ${foldout(
      `${key}-attach`,
      'Attach to an app',
      actionForm(
        '/simulator/actions/attach',
        `${key}-attach`,
        hidden,
        html`${choice('App', 'app', apps)} ${textField('--as', 'as', { placeholder: heroku.settings.addon.prefix })} ${button('Attach')}`,
      ),
    )}
    ${foldout(
      `${key}-change`,
      'Change plan or name',
      html`${actionForm(
        '/simulator/actions/changePlan',
        `${key}-plan`,
        hidden,
        html`${choice('Plan', 'plan', heroku.settings.addon.plans, addon.plan)} ${button('Change plan')}`,
      )}
      ${actionForm(
        '/simulator/actions/rename',
        `${key}-rename`,
        hidden,
        html`${textField('Name', 'name', { placeholder: addon.name, required: true })} ${button('Rename')}`,
      )}`,
    )}
    ${foldout(
      `${key}-trouble`,
      'Make trouble',
      html`${actionForm('/simulator/actions/revokeToken', `${key}-revoke`, hidden, button('Kill its access token'))}
        ${actionForm('/simulator/actions/repeatProvision', `${key}-repeat`, hidden, button('Send the provision request again'))}
        ${actionForm('/simulator/actions/renewLogTokens', `${key}-log`, hidden, button('Renew its log token'))}`,
    )}
  </article>`
}
