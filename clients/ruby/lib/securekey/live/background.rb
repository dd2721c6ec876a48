# frozen_string_literal: true

module Securekey
  # Threads of ours: they keep no process alive, and end in silence.
  module Background
    module_function

    def thread(name, &block)
      Thread.new(&block).tap do |thread|
        thread.name = name
        thread.report_on_exception = false
        # Puma warns of threads that run before it forks. These start anew in each worker.
        thread.thread_variable_set(:fork_safe, true)
      end
    end
  end
  private_constant :Background
end
