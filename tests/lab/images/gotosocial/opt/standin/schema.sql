CREATE TABLE accounts (id CHAR(26) PRIMARY KEY, username VARCHAR NOT NULL, domain VARCHAR, uri VARCHAR NOT NULL UNIQUE,
	UNIQUE (username, domain));
CREATE TABLE users (id CHAR(26) PRIMARY KEY, email VARCHAR UNIQUE, account_id CHAR(26) NOT NULL UNIQUE,
	encrypted_password VARCHAR NOT NULL, approved BOOLEAN NOT NULL DEFAULT false, admin BOOLEAN NOT NULL DEFAULT false,
	moderator BOOLEAN NOT NULL DEFAULT false, confirmed_at TIMESTAMP, created_by_application_id CHAR(26));
CREATE TABLE applications (id CHAR(26) PRIMARY KEY, name VARCHAR NOT NULL, redirect_uris VARCHAR NOT NULL,
	client_id VARCHAR NOT NULL UNIQUE, client_secret VARCHAR NOT NULL);
CREATE TABLE tokens (id CHAR(26) PRIMARY KEY, client_id VARCHAR NOT NULL, user_id CHAR(26), code VARCHAR, access VARCHAR);
CREATE TABLE statuses (id CHAR(26) PRIMARY KEY, account_id CHAR(26) NOT NULL, content VARCHAR);
