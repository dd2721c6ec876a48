import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { KmsError } from './kms-error.ts'

/** Credentials that the fake knows, and whose they are. */
export type Credentials = { accessKeyId: string; secretAccessKey: string; account: string; expired?: boolean }

/** Who calls, and at the endpoint of which region. */
export type Caller = { account: string; region: string }

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([0-9]{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/

/** Finds out who signed a request, and checks the signature (AWS Signature Version 4). Throws what AWS throws. */
export function callerOf(
  known: readonly Credentials[],
  { headers, body, service }: { headers: IncomingHttpHeaders; body: Buffer; service: string },
): Caller {
  const [, id, day, region, scope, signed, signature] = AUTHORIZATION.exec(headers.authorization ?? '') ?? []
  if (!id || !day || !region || !signed || !signature) {
    throw new KmsError('MissingAuthenticationTokenException', 'Request is missing Authentication Token')
  }
  const credentials = known.find(({ accessKeyId }) => accessKeyId === id)
  if (!credentials) {
    throw new KmsError(
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    )
  }
  if (credentials.expired) {
    throw new KmsError('ExpiredTokenException', 'The security token included in the request is expired')
  }
  const expected = signatureOf(credentials, { headers, body, scope: [day, region, service], signed })
  if (scope !== service || !timingSafeEqual(expected, Buffer.from(signature, 'hex'))) {
    throw new KmsError(
      'InvalidSignatureException',
      'The request signature we calculated does not match the signature you provided.',
    )
  }
  return { account: credentials.account, region }
}

function signatureOf(
  { secretAccessKey }: Credentials,
  request: { headers: IncomingHttpHeaders; body: Buffer; scope: string[]; signed: string },
): Buffer {
  const { headers, body, scope, signed } = request
  const lines = signed.split(';').map((name) => `${name}:${String(headers[name] ?? '').trim()}\n`)
  const canonical = ['POST', '/', '', lines.join(''), signed, sha256(body)].join('\n')
  const place = [...scope, 'aws4_request']
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], place.join('/'), sha256(canonical)].join('\n')
  const key = place.reduce<Buffer>((from, part) => hmac(from, part), Buffer.from(`AWS4${secretAccessKey}`))
  return hmac(key, text)
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex')
}
