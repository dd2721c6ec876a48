/** Heroku names a region of AWS so in provision requests. */
const OF_HEROKU = 'amazon-web-services::'

/** Heroku's region as one of AWS; undefined for what says nothing of AWS. */
export function awsRegionOf(addonRegion: string | null): string | undefined {
  return addonRegion?.startsWith(OF_HEROKU) ? addonRegion.slice(OF_HEROKU.length) : undefined
}

/** The part of AWS in which a region is: ARNs name it. */
export function partitionOf(region: string): string {
  if (region.startsWith('us-gov-')) return 'aws-us-gov'
  return region.startsWith('cn-') ? 'aws-cn' : 'aws'
}

/** A region of AWS by its form. It becomes part of the name of a host. */
export function isAwsRegion(text: string): boolean {
  return /^[a-z]{2}(-[a-z]+)+-[0-9]$/.test(text) && text.length <= 30
}
