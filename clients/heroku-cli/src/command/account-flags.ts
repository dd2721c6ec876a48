import { string } from '@oclif/core/flags'

/** The AWS accounts that a command is about. Each comes with a flag of its own, so that none swallows the add-on's name. */
export const ACCOUNTS = {
  'aws-account-id': string({
    char: 'i',
    description:
      'AWS account id to use: 123456789101, 123456789101:user/NAME or 123456789101:role/NAME; may be repeated',
    multiple: true,
    multipleNonGreedy: true,
    required: true,
  }),
}

/** As Heroku's own commands say it. */
export function accountWords(ids: readonly string[]): string {
  return ids.length > 1 ? 'accounts' : 'account'
}
