const LONGEST_NAME = 64

/** The name of an app as it is kept and told: whatever Heroku sent, it is letters, digits and dashes. */
export function appNameShown(appName: string): string {
  return appName.replace(/[^\w-]/g, '').slice(0, LONGEST_NAME)
}
