import type { OwnKeyState } from '../../src/domain/own-key-watch.ts'
import type { Db } from '../../src/store/database.ts'

const ARN = 'arn:aws:kms:us-east-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef'

/** Makes an add-on one whose data key a customer's key has wrapped that is in such a state. Nothing of it opens. `deadline`: of the wait. */
export async function withdrawOwnKey(
  db: Db,
  resourceId: string,
  state: OwnKeyState,
  deadline: Date | null = null,
): Promise<void> {
  await db
    .insertInto('own_keys')
    .values({ arn: ARN, state, since: new Date(0), deadline })
    .execute()
  await db
    .updateTable('resources')
    .set({ kek_id: ARN, notice_kek_id: 'k1', notice_dek: Buffer.from('none') })
    .where('id', '=', resourceId)
    .execute()
}
