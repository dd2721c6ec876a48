# frozen_string_literal: true

require 'support/guarantees'
require 'support/live_rings'
require 'openssl'

# To whom live pick-up shows its token.
class LiveTlsTest < Guarantees
  include LiveRings

  # A certificate of this name that signs itself.
  def self.certificate(name)
    key = OpenSSL::PKey::EC.generate('prime256v1')
    certificate = OpenSSL::X509::Certificate.new
    certificate.version = 2
    certificate.serial = 1
    certificate.subject = certificate.issuer = OpenSSL::X509::Name.parse("/CN=#{name}")
    certificate.public_key = key
    certificate.not_before = Time.now - 60
    certificate.not_after = Time.now + 3_600
    extensions = OpenSSL::X509::ExtensionFactory.new(certificate, certificate)
    certificate.add_extension(extensions.create_extension('subjectAltName', "DNS:#{name}"))
    certificate.add_extension(extensions.create_extension('basicConstraints', 'CA:TRUE', true))
    [certificate.sign(key, 'SHA256'), key]
  end

  # What a ring came to that asked a server with this certificate, and what the server was shown.
  def ask(certificate, key)
    tcp = TCPServer.new('127.0.0.1', 0)
    context = OpenSSL::SSL::SSLContext.new
    context.cert = certificate
    context.key = key
    shown = Queue.new
    thread = Thread.new { loop { serve(OpenSSL::SSL::SSLServer.new(tcp, context), shown) } }
    ring = live("https://localhost:#{tcp.addr[1]}/v1", hand: nil).ready
    [refresh_of(ring)[:failure] || refresh_of(ring)[:state], shown.empty? ? nil : shown.pop]
  ensure
    thread.kill
    tcp.close
  end

  def serve(server, shown)
    socket = server.accept
    shown << socket.readpartial(65_536)
    body = FakeService.keys(2)[2]
    socket.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: #{body.bytesize}\r\n\r\n#{body}")
    socket.close
  rescue OpenSSL::SSL::SSLError, SystemCallError, IOError
    nil
  end

  # What this process takes for true from now on.
  def trust(certificate)
    OpenSSL::SSL::SSLContext::DEFAULT_CERT_STORE.add_cert(certificate)
  end

  test 'a server whose certificate is trusted is asked' do
    certificate, key = LiveTlsTest.certificate('localhost')
    trust(certificate)
    state, shown = ask(certificate, key)
    assert_equal 'fresh', state
    assert_includes shown, "Bearer #{TOKEN}"
  end

  test 'a server whose certificate is not trusted, or is that of another, is shown nothing' do
    mine, key = LiveTlsTest.certificate('localhost')
    other, other_key = LiveTlsTest.certificate('securekey.example')
    assert_equal ['unreachable', nil], ask(mine, key)
    trust(other)
    assert_equal ['unreachable', nil], ask(other, other_key)
  end
end
