import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { createResolveName } from '../../src/notices/webhook/resolve-name.ts'

const A = 1
const AAAA = 28
const NO_SUCH_NAME = 3
const SERVER_FAILURE = 2

type Records = { data: Buffer[] } | { code: number } | 'silence'

/** A name server on this machine that answers by the type that is asked for. */
async function nameServer(answer: (type: number) => Records): Promise<string> {
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const question = query.subarray(12, query.indexOf(0, 12) + 5)
    const type = question.readUInt16BE(question.length - 4)
    const records = answer(type)
    if (records === 'silence') return
    const data = 'data' in records ? records.data : []
    const header = Buffer.alloc(12)
    query.copy(header, 0, 0, 2)
    header.writeUInt16BE(0x8180 | ('code' in records ? records.code : 0), 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(data.length, 6)
    const answers = data.map((each) => {
      const record = Buffer.alloc(12)
      record.writeUInt16BE(0xc00c, 0)
      record.writeUInt16BE(type, 2)
      record.writeUInt16BE(1, 4)
      record.writeUInt16BE(each.length, 10)
      return Buffer.concat([record, each])
    })
    socket.send(Buffer.concat([header, question, ...answers]), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  onTestFinished(() => {
    socket.close()
  })
  return `127.0.0.1:${socket.address().port}`
}

const asked = async (answer: (type: number) => Records, signal = new AbortController().signal) =>
  await createResolveName({ servers: [await nameServer(answer)] })('hooks.example.com', signal)

test('a name is resolved to all of its addresses, those of IPv4 first', async () => {
  const six = Buffer.from('20010db8000000000000000000000007', 'hex')
  const four = [Buffer.from([192, 0, 2, 1]), Buffer.from([127, 0, 0, 1])]
  expect(await asked((type) => ({ data: type === AAAA ? [six] : four }))).toEqual([
    '192.0.2.1',
    '127.0.0.1',
    '2001:db8::7',
  ])
})

test('one that exists nowhere has none, and one kind of address that cannot be read takes nothing from the other', async () => {
  expect(await asked(() => ({ code: NO_SUCH_NAME }))).toEqual([])
  const half = await asked((type) =>
    type === A ? { data: [Buffer.from([192, 0, 2, 1])] } : { code: SERVER_FAILURE },
  )
  expect(half).toEqual(['192.0.2.1'])
  await expect(asked(() => ({ code: SERVER_FAILURE }))).rejects.toThrow()
})

test('name servers that say nothing are left as soon as the asker gives up', async () => {
  const giving = new AbortController()
  let heard = 0
  const answer = asked(() => {
    heard += 1
    giving.abort(new Error('enough'))
    return 'silence'
  }, giving.signal)
  await expect(answer).rejects.toThrow('enough')
  expect(heard).toBeGreaterThan(0)
})
