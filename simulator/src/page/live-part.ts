import { FAULT_KINDS } from '../admin/fault-from.ts'
import type { Parts } from '../admin/parts.ts'
import { addonCard } from './addon-card.ts'
import { appCard } from './app-card.ts'
import { actionForm, button, choice, textField } from './forms.ts'
import { type Html, html } from './html.ts'

/** The part of the page that is drawn anew whenever something happens. */
export function livePart(parts: Parts, happenings: readonly string[]): Html {
  const { view } = parts
  const apps = view.apps().map((app) => appCard(parts, app))
  const addons = view.addons().map((addon) => addonCard(parts, addon))
  return html`
    <section aria-labelledby="apps">
      <h2 id="apps">Apps</h2>
      ${actionForm(
        '/simulator/actions/createApp',
        'create-app',
        {},
        html`${textField('Name', 'name', { placeholder: 'service-1' })} ${button('Create app')}`,
      )}
      ${apps.length > 0 ? apps : html`<p class="none">No app yet. Create one, then give it an add-on.</p>`}
    </section>
    <section aria-labelledby="addons">
      <h2 id="addons">Add-ons</h2>
      ${addons.length > 0 ? addons : html`<p class="none">No add-on yet.</p>`}
      ${faultPanel(parts)}
      <h2 id="happenings">What happened</h2>
      <ol class="happenings" tabindex="0" aria-labelledby="happenings">
        ${happenings.toReversed().map((line) => html`<li>${line}</li>`)}
      </ol>
    </section>`
}

function faultPanel({ heroku }: Parts): Html {
  const waiting = heroku.faults.list().filter(({ remaining, waiting }) => remaining > 0 || waiting > 0)
  const items = waiting.map(
    ({ id, fault, remaining, hits, waiting }) => html`<li><b>${fault.kind}</b>
      ${fault.match?.method} ${String(fault.match?.path ?? '')} ${left(remaining)}, hit ${hits}
      ${waiting > 0 && actionForm(`/simulator/faults/${id}/release`, id, {}, button(`release ${waiting}`, 'quiet'))}</li>`,
  )
  return html`<article>
    <header><h3>Faults</h3>
      <p class="facts">Spoil the next calls that the service makes to Heroku</p>
      <div class="actions">${actionForm('/simulator/faults/clear', 'clear-faults', {}, button('Clear'))}</div>
    </header>
    ${items.length > 0 && html`<ul class="chips">${items}</ul>`}
    ${actionForm(
      '/simulator/faults',
      'add-fault',
      {},
      html`${choice('Kind', 'kind', FAULT_KINDS, 'lost-answer')} ${choice('Method', 'method', ['PATCH', 'GET', 'POST', 'DELETE'])}
        ${textField('Path contains', 'path', { value: '/config' })} ${textField('Times', 'times', { value: '1' })}
        ${textField('Status', 'status', { value: '503' })} ${textField('ms', 'ms', { value: '2000' })} ${button('Add fault')}`,
    )}
  </article>`
}

function left(remaining: number): string {
  return Number.isFinite(remaining) ? `${remaining} to come` : 'always'
}
