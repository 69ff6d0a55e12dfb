Diaspora::Application.config.secret_key_base = File.read("/config/secret_token").chomp
