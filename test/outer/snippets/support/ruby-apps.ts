import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RUBY_CLIENT } from '../../support/minitest.ts'
import { blockAt } from './page-blocks.ts'
import type { Start } from './running-app.ts'

const SERVER = fileURLToPath(new URL('ruby-server.rb', import.meta.url))

/** What a page leaves to its reader: a login, a visit, and the server. */
const AROUND = {
  sinatra: (block: string) => `
${block}
class App
  set :environment, :production
  set :host_authorization, {} if respond_to?(:host_authorization)
  get('/login') { session['user'] = 42; 'in' }
  get('/visit') { (session['user'] || 'nobody').to_s }
end
serve(App)`,
  rack: (block: string) => `
require 'rack'
require 'rack/builder'
serve(Rack::Builder.new do
${block}
run(lambda do |env|
  session = env['rack.session']
  session['user'] = 42 if env['PATH_INFO'] == '/login'
  [200, { 'content-type' => 'text/plain' }, [(session['user'] || 'nobody').to_s]]
end)
end.to_app)`,
  rails: (block: string) => `
ENV['RAILS_ENV'] = 'production'
require 'logger'
require 'rails'
require 'action_controller/railtie'
class ExampleApp < Rails::Application
  config.load_defaults Rails.version.to_f
  config.eager_load = false
  config.hosts.clear
  config.logger = Logger.new(nil)
  config.secret_key_base = 's' * 64
  routes.append { %w[login visit].each { |path| get path, to: "visits##{path}" } }
end
${block}
ExampleApp.initialize!
class VisitsController < ActionController::Base
  def login
    session[:user] = 42
    cookies.signed[:remember] = '42'
    cookies.encrypted[:basket] = '42'
    render plain: 'in'
  end

  def visit
    all = [session[:user], cookies.signed[:remember], cookies.encrypted[:basket]].map(&:to_s)
    render plain: all.all?('42') ? '42' : all.all?('') ? 'nobody' : all.inspect
  end
end
serve(ExampleApp)`,
} as const

export type RubyAround = keyof typeof AROUND

/** The app of a page's block. `env` says where its frameworks are; `change` makes a mistake that the page warns of. */
export function rubyApp(
  page: string,
  heading: string,
  around: RubyAround,
  env: Record<string, string>,
  change = (block: string) => block,
): Start {
  const folder = mkdtempSync(join(tmpdir(), 'securekey-snippet-'))
  // Bundler requires the gem of a Rails app, before the app is configured.
  const gem = around === 'rails' && heading !== 'By hand'
  const block = change(blockAt(page, heading, 'ruby'))
  const app = AROUND[around](block)
  writeFileSync(
    join(folder, 'app.rb'),
    gem ? app.replace('class ExampleApp', "require 'securekey'\nclass ExampleApp") : app,
  )
  return { command: 'ruby', args: ['-I', join(RUBY_CLIENT, 'lib'), '-r', SERVER, 'app.rb'], cwd: folder, env }
}
