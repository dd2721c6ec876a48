import { expect, test } from 'vitest'
import { clientOf, handedOverTo } from '../api/support/client.ts'
import { startWithAddon } from '../support/addon.ts'
import { historyOf } from '../support/resource.ts'
import { runProgram } from './support/run-program.ts'

test('an operator lists the clients of an add-on without their secrets, and ends one or all', async () => {
  const h = await startWithAddon()
  const clients = (...args: string[]) => runProgram(h, 'clients', args)
  const { text, id } = await handedOverTo(h, { name: 'warehouse' })
  await clientOf(h, { name: 'till' })
  const listed = await clients('list', h.addon.name)
  expect(listed.text).toMatch(
    new RegExp(`${id} {2}since .*never used {2}last kid none {2}warehouse, made by ann@example`),
  )
  expect(listed.text).toContain('The hand-over is on.')
  expect(listed.text).not.toContain(text.slice(28))
  expect(await clients('end', h.addon.id, id)).toEqual({ code: 0, text: '1 clients ended.\n' })
  expect((await clients('list', h.addon.id)).text).toMatch(/^[0-9a-f]{16} .*till/)
  expect(await clients('end', h.addon.id)).toEqual({ code: 0, text: '1 clients ended.\n' })
  expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
    kind: 'clients-ended',
    actor: { type: 'operator' },
  })
})
