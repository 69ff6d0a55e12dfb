CREATE OR REPLACE FUNCTION timestamp_id(table_name text) RETURNS bigint LANGUAGE sql VOLATILE AS
$$ SELECT (floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint << 16)
	| (nextval((table_name || '_id_seq')::regclass) & 65535) $$;

DROP TABLE IF EXISTS accounts CASCADE;

CREATE SEQUENCE IF NOT EXISTS accounts_id_seq;

CREATE TABLE accounts (
	id bigint PRIMARY KEY DEFAULT timestamp_id('accounts'),
	username character varying NOT NULL DEFAULT '',
	domain character varying,
	private_key text,
	public_key text NOT NULL DEFAULT '',
	created_at timestamp NOT NULL,
	updated_at timestamp NOT NULL,
	note text NOT NULL DEFAULT '',
	display_name character varying NOT NULL DEFAULT '',
	uri character varying NOT NULL DEFAULT '',
	url character varying,
	actor_type character varying,
	locked boolean NOT NULL DEFAULT false,
	suspended_at timestamp,
	silenced_at timestamp,
	deleted_at timestamp
);

CREATE UNIQUE INDEX index_accounts_on_username_and_domain_lower
	ON accounts (lower(username::text), COALESCE(lower(domain::text), ''::text));

DROP TABLE IF EXISTS keypairs CASCADE;

CREATE TABLE keypairs (
	id bigserial PRIMARY KEY,
	account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
	type integer NOT NULL,
	uri character varying UNIQUE,
	public_key character varying NOT NULL,
	private_key character varying,
	expires_at timestamp,
	revoked boolean NOT NULL DEFAULT false,
	created_at timestamp NOT NULL,
	updated_at timestamp NOT NULL
);

DROP TABLE IF EXISTS user_roles CASCADE;

CREATE TABLE user_roles (
	id bigserial PRIMARY KEY,
	name character varying NOT NULL DEFAULT '',
	color character varying NOT NULL DEFAULT '',
	position integer NOT NULL DEFAULT 0,
	permissions bigint NOT NULL DEFAULT 0,
	highlighted boolean NOT NULL DEFAULT false,
	created_at timestamp NOT NULL,
	updated_at timestamp NOT NULL
);

DROP TABLE IF EXISTS users CASCADE;

CREATE TABLE users (
	id bigserial PRIMARY KEY,
	email character varying NOT NULL DEFAULT '',
	created_at timestamp NOT NULL,
	updated_at timestamp NOT NULL,
	encrypted_password character varying NOT NULL DEFAULT '',
	reset_password_token character varying,
	reset_password_sent_at timestamp,
	sign_in_count integer NOT NULL DEFAULT 0,
	current_sign_in_at timestamp,
	last_sign_in_at timestamp,
	confirmation_token character varying,
	confirmed_at timestamp,
	confirmation_sent_at timestamp,
	unconfirmed_email character varying,
	locale character varying,
	otp_required_for_login boolean NOT NULL DEFAULT false,
	otp_secret character varying,
	account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
	disabled boolean NOT NULL DEFAULT false,
	chosen_languages character varying[],
	approved boolean NOT NULL DEFAULT true,
	sign_up_ip inet,
	role_id bigint REFERENCES user_roles ON DELETE SET NULL,
	settings text
);

CREATE UNIQUE INDEX index_users_on_email ON users (email);

DROP TABLE IF EXISTS settings CASCADE;

CREATE TABLE settings (
	id bigserial PRIMARY KEY,
	var character varying NOT NULL UNIQUE,
	value text,
	created_at timestamp,
	updated_at timestamp
);

DROP TABLE IF EXISTS username_blocks CASCADE;

CREATE TABLE username_blocks (
	id bigserial PRIMARY KEY,
	username character varying NOT NULL,
	normalized_username character varying NOT NULL UNIQUE,
	exact boolean NOT NULL DEFAULT false,
	allow_with_approval boolean NOT NULL DEFAULT false,
	created_at timestamp NOT NULL,
	updated_at timestamp NOT NULL
);

DROP TABLE IF EXISTS oauth_applications CASCADE;

CREATE TABLE oauth_applications (
	id bigserial PRIMARY KEY,
	name character varying NOT NULL,
	uid character varying NOT NULL UNIQUE,
	secret character varying NOT NULL,
	redirect_uri text NOT NULL,
	scopes character varying NOT NULL DEFAULT '',
	created_at timestamp,
	updated_at timestamp,
	superapp boolean NOT NULL DEFAULT false,
	website character varying,
	confidential boolean NOT NULL DEFAULT true
);

DROP TABLE IF EXISTS oauth_access_grants CASCADE;

CREATE TABLE oauth_access_grants (
	id bigserial PRIMARY KEY,
	token character varying NOT NULL UNIQUE,
	expires_in integer NOT NULL,
	redirect_uri text NOT NULL,
	created_at timestamp NOT NULL,
	revoked_at timestamp,
	scopes character varying,
	application_id bigint NOT NULL REFERENCES oauth_applications ON DELETE CASCADE,
	resource_owner_id bigint NOT NULL REFERENCES users ON DELETE CASCADE
);

DROP TABLE IF EXISTS oauth_access_tokens CASCADE;

CREATE TABLE oauth_access_tokens (
	id bigserial PRIMARY KEY,
	token character varying NOT NULL UNIQUE,
	refresh_token character varying,
	expires_in integer,
	revoked_at timestamp,
	created_at timestamp NOT NULL,
	scopes character varying,
	application_id bigint REFERENCES oauth_applications ON DELETE CASCADE,
	resource_owner_id bigint REFERENCES users ON DELETE CASCADE,
	last_used_at timestamp,
	last_used_ip inet
);

DROP TABLE IF EXISTS session_activations CASCADE;

CREATE TABLE session_activations (
	id bigserial PRIMARY KEY,
	session_id character varying NOT NULL UNIQUE,
	created_at timestamp NOT NULL,
	updated_at timestamp NOT NULL,
	user_agent character varying NOT NULL DEFAULT '',
	ip inet,
	user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE
);

DROP TABLE IF EXISTS statuses CASCADE;

CREATE SEQUENCE IF NOT EXISTS statuses_id_seq;

CREATE TABLE statuses (
	id bigint PRIMARY KEY DEFAULT timestamp_id('statuses'),
	uri character varying UNIQUE,
	text text NOT NULL DEFAULT '',
	created_at timestamp NOT NULL,
	updated_at timestamp NOT NULL,
	visibility integer NOT NULL DEFAULT 0,
	account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
	local boolean,
	deleted_at timestamp
);

DROP TABLE IF EXISTS media_attachments CASCADE;

CREATE SEQUENCE IF NOT EXISTS media_attachments_id_seq;

CREATE TABLE media_attachments (
	id bigint PRIMARY KEY DEFAULT timestamp_id('media_attachments'),
	status_id bigint REFERENCES statuses ON DELETE SET NULL,
	account_id bigint REFERENCES accounts ON DELETE SET NULL,
	file_file_name character varying,
	file_content_type character varying,
	file_file_size integer,
	processing integer,
	type integer NOT NULL DEFAULT 0,
	remote_url character varying NOT NULL DEFAULT '',
	created_at timestamp NOT NULL,
	updated_at timestamp NOT NULL
);
