# frozen_string_literal: true

require 'minitest'
require 'minitest/assertions'

# A test class whose titles are guarantees: `test 'a sentence' do`.
class Guarantees < Minitest::Test
  def self.test(title, &block)
    raise ArgumentError, "two tests are called: #{title}" if method_defined?("test_#{title}")

    define_method("test_#{title}", &block)
  end

  def self.titles
    public_instance_methods(false).grep(/\Atest_/).map { |name| name.to_s.delete_prefix('test_') }
  end

  private

  # The error that the block raises, whose code this is.
  def refused(code, &block)
    error = assert_raises(Securekey::Error, &block)
    assert_equal code, error.code
    error
  end
end
