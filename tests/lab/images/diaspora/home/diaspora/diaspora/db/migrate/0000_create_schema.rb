# Stand-in of a migration, see contract.md.
class CreateSchema < ActiveRecord::Migration[4.2]
  def up
    execute <<~SQL
      CREATE TABLE users (id serial PRIMARY KEY, username character varying NOT NULL UNIQUE, email character varying NOT NULL
        DEFAULT '' UNIQUE, encrypted_password character varying NOT NULL DEFAULT '', serialized_private_key text, language
        character varying, sign_in_count integer DEFAULT 0, current_sign_in_at timestamp, locked_at timestamp, created_at
        timestamp NOT NULL, updated_at timestamp NOT NULL)
    SQL
    execute <<~SQL
      CREATE TABLE people (id serial PRIMARY KEY, guid character varying NOT NULL UNIQUE, diaspora_handle character varying
        NOT NULL UNIQUE, serialized_public_key text NOT NULL, owner_id integer UNIQUE REFERENCES users ON DELETE CASCADE,
        created_at timestamp NOT NULL, updated_at timestamp NOT NULL)
    SQL
    execute <<~SQL
      CREATE TABLE roles (id serial PRIMARY KEY, person_id integer REFERENCES people ON DELETE CASCADE, name character varying,
        created_at timestamp NOT NULL, updated_at timestamp NOT NULL, UNIQUE (person_id, name))
    SQL
    execute <<~SQL
      CREATE TABLE aspects (id serial PRIMARY KEY, name character varying NOT NULL, user_id integer NOT NULL REFERENCES users
        ON DELETE CASCADE, created_at timestamp, updated_at timestamp, UNIQUE (user_id, name))
    SQL
    execute <<~SQL
      CREATE TABLE posts (id serial PRIMARY KEY, author_id integer NOT NULL REFERENCES people ON DELETE CASCADE, public boolean
        NOT NULL DEFAULT false, guid character varying NOT NULL UNIQUE, text text, created_at timestamp NOT NULL, updated_at
        timestamp NOT NULL)
    SQL
  end
end
