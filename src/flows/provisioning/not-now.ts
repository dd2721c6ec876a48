import { SecurekeyError } from '../../domain/errors.ts'

/** Heroku shows the message, and tries again. */
export function notConfirmed(): SecurekeyError {
  return new SecurekeyError(
    'not-confirmed',
    'New add-ons cannot be made at the moment. Please try again later.',
  )
}

/** Heroku shows the message. */
export function notNow(): SecurekeyError {
  return new SecurekeyError(
    'not-now',
    'This add-on cannot be created just now. Please try again in a few minutes.',
  )
}
