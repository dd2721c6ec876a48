import { type Html, html } from './html.ts'

/**
 * A form that performs one action. `key` names it across redraws, so that the page's script can carry over what was
 * typed; `confirm` is asked before it is sent.
 */
export function actionForm(
  action: string,
  key: string,
  hidden: Record<string, string>,
  content: Html,
  confirm?: string,
): Html {
  const fields = Object.entries(hidden).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )
  const question = confirm === undefined ? null : html` data-confirm="${confirm}"`
  return html`<form method="post" action="${action}" data-key="${key}"${question}>${fields}${content}</form>`
}

/** A labelled text field; `value` is what stands in it at first. */
export function textField(
  label: string,
  name: string,
  {
    placeholder = '',
    value = '',
    required = false,
  }: { placeholder?: string; value?: string; required?: boolean } = {},
): Html {
  return html`<label>${label}<input name="${name}" placeholder="${placeholder}" value="${value}"
    autocomplete="off"${required && html` required`}></label>`
}

/** A labelled choice. */
export function choice(label: string, name: string, values: readonly string[], chosen?: string): Html {
  const options = values.map((value) => html`<option${value === chosen && html` selected`}>${value}</option>`)
  return html`<label>${label}<select name="${name}">${options}</select></label>`
}

/** The button that sends the form. */
export function button(text: string, kind: 'plain' | 'danger' | 'quiet' = 'plain'): Html {
  return html`<button class="${kind}">${text}</button>`
}

/** A part that opens on a click; `key` keeps it open across redraws. */
export function foldout(key: string, summary: string, content: Html): Html {
  return html`<details data-key="${key}"><summary>${summary}</summary>${content}</details>`
}
