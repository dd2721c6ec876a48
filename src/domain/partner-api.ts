/** By which of Heroku's APIs add-ons are provisioned and their config vars are written: the legacy one, or the present. */
export type PartnerApi = (typeof PARTNER_APIS)[number]

export const PARTNER_APIS = ['v1', 'v3'] as const
