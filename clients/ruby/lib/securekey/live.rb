# frozen_string_literal: true

# How a ring picks up new keys while the process runs.
require 'securekey/live/warning'
require 'securekey/live/http'
require 'securekey/live/options'
require 'securekey/live/schedule'
require 'securekey/live/answer'
require 'securekey/live/service'
require 'securekey/live/report'
require 'securekey/live/thread'
require 'securekey/live/pickup'
