// Refines pages that work without it: the reader's own time zone, a copy button, a countdown, and what changes by
// itself (a rotation in progress, keys of seconds) that is followed without loading the whole page anew.

const DAY = { day: 'numeric', month: 'short' }
const FULL_DAY = { weekday: 'short', ...DAY, year: 'numeric' }
const CLOCK = {
  minute: { hour: '2-digit', minute: '2-digit' },
  second: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
}
const ZONE = { timeZoneName: 'short' }
/** How a moment is written, by its `data-moment` and, where the clock is told, its `data-precision`. */
const FORMS = {
  long: { minute: form(FULL_DAY, CLOCK.minute, ZONE), second: form(FULL_DAY, CLOCK.second, ZONE) },
  short: { minute: form(DAY, CLOCK.minute, ZONE), second: form(DAY, CLOCK.second, ZONE) },
}
// Of 24 hours for everybody: there is no room for "am" and "pm" under a tick.
const TICK = { hourCycle: 'h23' }
/** How the picture tells a moment, by its `data-mark`. */
const MARKS = {
  second: form(CLOCK.second, TICK),
  minute: form(CLOCK.minute, TICK),
  weekday: form({ weekday: 'short' }, CLOCK.minute, TICK),
  day: form(DAY),
  date: form(DAY, { year: 'numeric' }),
}
const WATCH_EVERY_MS = 3_000

function form(...parts) {
  return new Intl.DateTimeFormat(undefined, Object.assign({}, ...parts))
}

function showLocalTimes(root) {
  for (const time of root.querySelectorAll('time[data-moment]')) {
    const { moment, precision } = time.dataset
    time.textContent = FORMS[moment][precision].format(new Date(time.dateTime))
  }
  for (const label of root.querySelectorAll('[data-mark]')) {
    label.textContent = MARKS[label.dataset.mark].format(new Date(label.dataset.at))
  }
}

/** What was just done is said once, not again at each reload. */
function forgetNotice() {
  const address = new URL(location.href)
  if (!address.searchParams.has('done')) return
  address.searchParams.delete('done')
  history.replaceState(null, '', address)
}

function nameZone() {
  const { timeZone } = FORMS.long.minute.resolvedOptions()
  for (const words of document.querySelectorAll('[data-zone]'))
    words.textContent = `Times are in your time zone (${timeZone}).`
}

/** A second click while the first is on its way would only be answered with "joined". */
function sendFormsOnce() {
  document.addEventListener('submit', (event) => {
    const form = event.target
    if (form.dataset.sent) event.preventDefault()
    form.dataset.sent = 'yes'
  })
  // Back from a page that the form led to.
  window.addEventListener('pageshow', () => {
    for (const form of document.forms) delete form.dataset.sent
  })
}

function offerCopy(root) {
  for (const button of root.querySelectorAll('[data-copy]')) {
    if (!navigator.clipboard) continue
    button.hidden = false
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim())
      button.textContent = 'Copied'
    })
  }
}

/** The answer's own Refresh header does the same; this one also takes the key out of a page that is kept for "back". */
function hideInTime() {
  const card = document.querySelector('[data-hide-after]')
  if (!card) return
  let left = Number(card.dataset.hideAfter)
  const words = card.querySelector('[data-countdown]')
  window.addEventListener('pagehide', () => card.remove())
  setInterval(() => {
    left -= 1
    // Spoken only now and then: a status that changes each second is a nuisance to listen to.
    if (left > 0 && (left % 10 === 0 || left === 5))
      words.textContent = `The key will be hidden in ${left} seconds.`
    if (left > 0) return
    card.remove()
    location.replace(card.dataset.then)
  }, 1_000)
}

/** Puts the fresh parts in, but for one that the reader has open or is typing in. */
function replaceParts(fresh) {
  for (const part of document.querySelectorAll('[data-board] section')) {
    const replacement = fresh.getElementById(part.id)
    if (!replacement || part.contains(document.activeElement) || part.querySelector('details[open]')) continue
    showLocalTimes(replacement)
    part.replaceWith(replacement)
  }
}

/** Asks for the page again and again while it says so, and tells when a rotation that was seen under way has finished. */
function watchPage() {
  const board = document.querySelector('[data-watch]')
  if (!board) return
  let rotating = document.querySelector('.now.rotating') !== null
  const timer = setInterval(async () => {
    if (document.hidden) return
    const answer = await fetch(board.dataset.watch).catch(() => undefined)
    if (!answer) return
    if (!answer.ok) {
      clearInterval(timer)
      if (answer.status !== 429) location.reload()
      return
    }
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html')
    // Before its parts move over into this page.
    const wasRotating = rotating
    rotating = fresh.querySelector('.now.rotating') !== null
    if (wasRotating && !rotating) tellEnd(fresh)
    replaceParts(fresh)
    if (!fresh.querySelector('[data-watch]')) clearInterval(timer)
  }, WATCH_EVERY_MS)
}

function tellEnd(fresh) {
  const finished = fresh.querySelector('.now.steady, .now.paused') ? 'Rotation finished. ' : ''
  const headline = fresh.querySelector('.headline')?.textContent ?? ''
  const notice = document.createElement('p')
  notice.className = 'notice'
  notice.textContent = `${finished}${headline}.`
  document.querySelector('.notices').replaceChildren(notice)
}

showLocalTimes(document)
forgetNotice()
nameZone()
sendFormsOnce()
offerCopy(document)
hideInTime()
watchPage()
document.querySelector('[data-focus]')?.focus()
