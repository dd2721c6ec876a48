import { isOfOwnKey, SecurekeyError } from '../../domain/errors.ts'
import { describeKmsFailure, type KmsFailure, type KmsKeyFacts, UNKNOWN_FACT } from '../../domain/kms.ts'
import type { WrappedDek } from '../../domain/wrapped-dek.ts'
import type { ResourceSealer } from '../../sealing/sealing.ts'
import type { Deps } from '../deps.ts'

/**
 * A data key that a customer's own key has wrapped, for a new resource. All that will ever be asked of that key is asked
 * once: what it is, a data key, and that this opens again. Nothing is stored. Throws `invalid-option` with what the customer
 * must change, or that AWS KMS cannot be reached.
 */
export async function sealUnderOwnKey(
  deps: Pick<Deps, 'kms' | 'sealing' | 'settings'>,
  resourceId: string,
  arn: string,
): Promise<{ sealer: ResourceSealer; dek: WrappedDek }> {
  const { kms } = deps
  if (!kms) throw new Error('without access to AWS the option is refused')
  const described = await kms.describe(arn)
  // Whoever does not know the question is asked the others all the same.
  if (described.ok) requireUsable(described.value)
  else if (described.failure.kind !== 'unsupported') throw refusalOf(deps.settings, described.failure)
  const made = await kms.makeDataKey(arn, resourceId)
  if (!made.ok) throw refusalOf(deps.settings, made.failure)
  made.value.bytes.fill(0)
  const notices = await deps.sealing.newNoticeDek(resourceId)
  const dek = { kekId: arn, wrapped: made.value.wrapped, notices }
  const opened = await kms.openDataKey(arn, resourceId, dek.wrapped)
  if (!opened.ok) throw refusalOf(deps.settings, opened.failure)
  opened.value.fill(0)
  try {
    return { sealer: await deps.sealing.forResource(resourceId, dek), dek }
  } catch (error) {
    // It worked a moment ago.
    if (isOfOwnKey(error)) throw refused(UNREACHABLE)
    throw error
  }
}

/** What was not said is left to the data key that is made and opened next. */
function requireUsable({ manager, spec, usage, state }: KmsKeyFacts): void {
  if (manager === 'AWS') throw refused('names a key that AWS manages: make one of your own')
  if (!isOr(spec, 'SYMMETRIC_DEFAULT') || !isOr(usage, 'ENCRYPT_DECRYPT')) {
    throw refused('needs a symmetric key for encryption (SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT)')
  }
  if (!isOr(state, 'Enabled')) throw refused(`names a key that is not enabled: AWS KMS says ${state}`)
}

function isOr(said: string, wanted: string): boolean {
  return said === wanted || said === UNKNOWN_FACT
}

const UNREACHABLE =
  'could not be tried, since AWS KMS cannot be reached just now. Nothing was made: please try again in a few minutes'

/** In words that name what is missing; what AWS said in its own goes to the log. */
function refusalOf({ ownKeys }: Deps['settings'], failure: KmsFailure): SecurekeyError {
  return refused(problemOf(failure, ownKeys?.accountId), describeKmsFailure(failure))
}

function problemOf(failure: KmsFailure, account: string | undefined): string {
  switch (failure.kind) {
    case 'refused': {
      const ours = account === undefined ? 'the AWS account of this service' : `the AWS account ${account}`
      return `names a key that we may not use: its key policy must give ${ours} the right ${failure.right}`
    }
    case 'withdrawn':
      return `names a key that is not enabled: AWS KMS refuses ${failure.right}`
    case 'wrong':
      return `names a key with which ${failure.right} does not work as it must`
    case 'credentials':
      return 'could not be tried, since AWS does not let us in. That is for us to mend'
    case 'outage':
    case 'unsupported':
      return UNREACHABLE
  }
}

function refused(problem: string, detail?: string): SecurekeyError {
  const message = `The option --encryption-key ${problem}.`
  return new SecurekeyError('invalid-option', message, detail === undefined ? {} : { detail })
}
