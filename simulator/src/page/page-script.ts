/**
 * The page's script. It redraws the live part when something happens, and sends the forms without leaving the page;
 * without it the forms still work. It stands here as text because the browser takes no TypeScript.
 */
export const PAGE_SCRIPT = `
const live = document.querySelector('#live')
const notice = document.querySelector('#notice')
let pending
let wanted = false
let pressed = false
let drawing = 0

// Drawing under the hands of somebody who types or clicks would take the words, or the button, away.
const typing = () => live.contains(document.activeElement) && document.activeElement.matches('input, select')
const busy = () => pressed || typing()
const fields = () => [...live.querySelectorAll('form[data-key] :is(input:not([type=hidden]), select)')]
const keyOf = (field) => field.form.dataset.key + ' ' + field.name

async function redraw() {
  drawing += 1
  await draw().finally(() => { drawing -= 1 })
}

async function draw() {
  pending = undefined
  wanted = busy()
  if (wanted) return
  const answer = await fetch('/simulator/live')
  const text = await answer.text()
  wanted = busy()
  if (wanted || !answer.ok) return
  const open = new Set([...live.querySelectorAll('details[open]')].map((part) => part.dataset.key))
  const typed = new Map(fields().filter((field) => field.dataset.touched).map((field) => [keyOf(field), field.value]))
  live.innerHTML = text
  for (const part of live.querySelectorAll('details')) part.open = open.has(part.dataset.key)
  for (const field of fields()) {
    if (!typed.has(keyOf(field))) continue
    field.value = typed.get(keyOf(field))
    field.dataset.touched = 'yes'
  }
}

function soon(ms = 80) {
  pending ??= setTimeout(redraw, ms)
}

function say(text) {
  notice.textContent = text
  notice.hidden = text === ''
}

async function send(form, more = {}) {
  const body = new URLSearchParams({ ...Object.fromEntries(new FormData(form)), ...more })
  const answer = await fetch(form.action, { method: 'POST', body, headers: { accept: 'application/json' } })
  if (answer.ok) {
    for (const field of form.elements) delete field.dataset.touched
    form.reset()
    document.activeElement?.blur()
    say('')
    return soon()
  }
  const { id, message } = await answer.json()
  if (id === 'confirmation_required' && confirm(message + ' Go on?')) return send(form, { confirm: 'true' })
  say(message)
}

live.addEventListener('input', ({ target }) => { target.dataset.touched = 'yes' })
live.addEventListener('focusout', () => { if (wanted) soon() })
addEventListener('pointerdown', () => { pressed = true })
for (const type of ['pointerup', 'pointercancel']) addEventListener(type, () => { pressed = false; if (wanted) soon() })
live.addEventListener('submit', (event) => {
  event.preventDefault()
  const form = event.target
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return
  send(form).catch((error) => say(String(error)))
})

const events = new EventSource('/simulator/events')
for (const type of document.body.dataset.events.split(' ')) events.addEventListener(type, () => soon())
// A note may change every second, and a whole redraw would take away what somebody has selected.
events.addEventListener('note', ({ data }) => {
  // What is on its way was asked for before.
  if (drawing > 0) return soon()
  const { appId, text } = JSON.parse(data)
  const note = live.querySelector('[data-note="' + appId + '"]')
  if (!note) return
  note.textContent = text
  note.hidden = text === ''
})
events.addEventListener('open', () => { say(''); soon() })
events.addEventListener('error', () => say('The simulator does not answer.'))
// That a dyno is up again follows from the clock alone: no event tells it.
setInterval(() => { if (live.querySelector('.starting')) soon() }, 1000)
`
