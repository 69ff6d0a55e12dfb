Diaspora::Application.config.secret_key_base = ENV.fetch("SECRET_TOKEN")
