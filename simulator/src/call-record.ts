import type { FastifyRequest } from 'fastify'
import type { ApiCall } from './api-call.ts'
import type { Endpoint } from './endpoint.ts'
import { objectFrom, strings } from './fields.ts'
import type { Heroku } from './heroku.ts'
import { timestamp } from './heroku.ts'
import { findByHerokuId } from './heroku-id.ts'
import { attachmentWithLogToken } from './logplex.ts'
import { tokenHolder } from './oauth-tokens.ts'
import { pathOf } from './perform-call.ts'

/** What is known of a call when it arrives: whose it is and what it asks, without any token or code. */
export function describeCall(
  heroku: Heroku,
  endpoint: Endpoint,
  request: FastifyRequest,
  credential: string | undefined,
  requestId: string,
): Omit<ApiCall, 'seq' | 'status' | 'applied' | 'fault'> {
  const form = { ...strings(request.query), ...strings(request.body) }
  const addonId =
    endpoint.access === 'vendor'
      ? (findByHerokuId(heroku, strings(request.params).id ?? '')?.id ?? null)
      : holderId(heroku, endpoint, credential, form)
  return {
    at: timestamp(heroku),
    method: request.method,
    path: pathOf(request),
    addonId,
    addon: (addonId && heroku.world.addons.get(addonId)?.name) || null,
    grantType: endpoint.access === 'oauth' ? (form.grant_type ?? 'authorization_code') : null,
    config: configOf(endpoint, request),
    requestId,
    userAgent: request.headers['user-agent'] ?? null,
  }
}

function configOf(endpoint: Endpoint, request: FastifyRequest): Record<string, string | null> | null {
  if (endpoint.method === 'PATCH' && endpoint.url.endsWith('/config')) return sentConfig(request.body)
  if (endpoint.method !== 'PUT' || endpoint.access !== 'vendor') return null
  return strings(objectFrom(request.body).config)
}

/** The `{name, value}` items of a config PATCH by name, as far as they are well formed. */
export function sentConfig(body: unknown): Record<string, string | null> {
  const { config } = objectFrom(body)
  const items = Array.isArray(config) ? config.map(objectFrom) : []
  const sent: Record<string, string | null> = {}
  for (const { name, value } of items) {
    if (typeof name === 'string' && (typeof value === 'string' || value === null)) sent[name] = value
  }
  return sent
}

function holderId(
  heroku: Heroku,
  endpoint: Endpoint,
  credential: string | undefined,
  form: Record<string, string>,
): string | null {
  const { grants, refreshTokens } = heroku.world
  if (endpoint.access === 'oauth') {
    const holder = grants.get(form.code ?? '') ?? refreshTokens.get(form.refresh_token ?? '')
    return holder?.addonId ?? null
  }
  if (credential === undefined) return null
  if (endpoint.access === 'logplex') return attachmentWithLogToken(heroku, credential)?.addonId ?? null
  return tokenHolder(heroku, credential)?.id ?? null
}
