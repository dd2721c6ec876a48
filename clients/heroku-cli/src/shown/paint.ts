/** The colours that Heroku's own commands use, for what each stands for. */
export type Paint = Readonly<
  Record<
    'app' | 'attachment' | 'name' | 'success' | 'warning' | 'failure' | 'inactive',
    (text: string) => string
  >
>

/** Without any. */
export const PLAIN: Paint = {
  app: (text) => text,
  attachment: (text) => text,
  name: (text) => text,
  success: (text) => text,
  warning: (text) => text,
  failure: (text) => text,
  inactive: (text) => text,
}
