import { type Resource, readResource } from '../../../../clients/heroku-cli/src/answers/resource.ts'

/** What `GET /v1/resource` answers for a healthy add-on of two apps, with a key that leaves at the next rotation. */
export function resourceAnswer(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: '5d1f2c3b-0000-4000-8000-000000000001',
    name: 'securekey-round-1',
    plan: 'fortnightly',
    health: { state: 'well', since: null, until: null, heading: 'All is well', advice: '' },
    rotated_at: '2026-03-03T12:00:00.000Z',
    next_rotation_at: '2026-03-17T12:00:00.000Z',
    next_rotation_due_at: '2026-03-17T12:00:00.000Z',
    waits_for_restart: null,
    next_rotations: ['2026-03-17T12:00:00.000Z', '2026-03-31T12:00:00.000Z'],
    rotation: null,
    keys: [
      key('aaaa1111', 3, 'sign', '2026-03-03T12:00:00.000Z', null),
      key('bbbb2222', 2, 'verify', '2026-02-17T12:00:00.000Z', '2026-03-17T12:00:00.000Z'),
    ],
    policy: {
      rotation_period: '14d',
      grace_period: 'period',
      least_grace_period: '1h',
      good_for: 604800,
      announces_next: false,
      token_life: 'off',
      windows: 'any',
      pause: null,
    },
    apps: [app('service-1', 'SECURE_KEY'), app('service-2', 'SERVICE_ONE_SECURE_KEY')],
    check_ins: [],
    would_log_out: {
      kid: 'bbbb2222',
      version: 2,
      signed_before: '2026-03-03T12:00:00.000Z',
      accepted_until: '2026-03-17T12:00:00.000Z',
      apps: [],
      unseen: [],
      possible_from: null,
    },
    ...changes,
  }
}

export function resource(changes: Record<string, unknown> = {}): Resource {
  return readResource(resourceAnswer(changes))
}

export function app(name: string, configVar: string, changes: Record<string, unknown> = {}) {
  return {
    name,
    config_var: configVar,
    adoption: 'current',
    release: 12,
    released_at: '2026-03-03T12:00:01.000Z',
    check_ins: [],
    ...changes,
  }
}

export function key(kid: string, version: number, use: string, madeAt: string, acceptedUntil: string | null) {
  return {
    kid,
    version,
    use,
    made_at: madeAt,
    published_at: madeAt,
    accepted_until: acceptedUntil,
    revoked_at: null,
    seen: null,
  }
}
