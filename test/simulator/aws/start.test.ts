import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { CreateVpcEndpointCommand, EC2Client } from '@aws-sdk/client-ec2'
import { CreateKeyCommand, DescribeKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { expect, onTestFinished, test } from 'vitest'
import { CUSTOMER, exampleLines, SERVICE } from '../../../simulator/aws/example-lines.ts'
import { createEndpointServices } from '../../../src/privatelink/create-endpoint-services.ts'

const PROGRAM = 'simulator/aws/start.ts'

function start(...words: string[]) {
  const child = spawn(process.execPath, [PROGRAM, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

test('a person who starts it can be the customer of both services at the address that it prints', async () => {
  const child = start('--port', '0')
  const lines: string[] = []
  for await (const line of createInterface(child.stdout)) {
    lines.push(line)
    if (line.includes('delete-vpc-endpoints')) break
  }
  const [, url = ''] = /^AWS KMS .* (http:\/\/127\.0\.0\.1:[0-9]+);/.exec(lines[0] ?? '') ?? []
  expect(`${lines.join('\n')}\n`).toBe(exampleLines(url))

  const access = { endpoint: url, region: 'us-east-1', maxAttempts: 1 }
  const kms = new KMSClient({ ...access, credentials: CUSTOMER })
  const ec2 = new EC2Client({ ...access, credentials: CUSTOMER })
  const { accessKeyId, secretAccessKey } = SERVICE
  const services = createEndpointServices({
    accessKeyId,
    secretAccessKey,
    sessionToken: undefined,
    endpointUrl: url,
  })
  onTestFinished(() => {
    for (const each of [kms, ec2]) each.destroy()
    services.close()
  })

  const Policy = /--policy '(.*)'/.exec(lines.join('\n'))?.[1]
  const KeyId = (await kms.send(new CreateKeyCommand({ Policy }))).KeyMetadata?.Arn
  const asService = new KMSClient({ ...access, credentials: SERVICE })
  onTestFinished(() => asService.destroy())
  const stateOf = async () => (await asService.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState
  expect(await stateOf()).toBe('Enabled')
  await kms.send(new DisableKeyCommand({ KeyId }))
  expect(await stateOf()).toBe('Disabled')

  const [, nlbArn = ''] = /PRIVATELINK_NLBS=us-east-1=([^;]+)/.exec(lines.join('\n')) ?? []
  const asked = { region: 'us-east-1', nlbArn, clientToken: 't', resourceId: 'r' }
  const made = await services.create(asked)
  expect(made).toMatchObject({ ok: true, value: { state: 'pending' } })
  // Closed to all, and not available yet: AWS says of it what it says of one that does not exist.
  const endpoint = new CreateVpcEndpointCommand({
    VpcEndpointType: 'Interface',
    VpcId: 'vpc-0123456789abcdef0',
    ServiceName: made.ok ? made.value.serviceName : '',
  })
  await expect(ec2.send(endpoint)).rejects.toThrow('does not exist')

  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('an argument that it does not know ends it with what it takes', async () => {
  const child = start('--host', '0.0.0.0')
  const ended = once(child, 'close')
  const [text] = await once(child.stderr, 'data')
  expect(String(text)).toContain('npm run aws -- [--port NUMBER]')
  expect(await ended).toEqual([2, null])
})
