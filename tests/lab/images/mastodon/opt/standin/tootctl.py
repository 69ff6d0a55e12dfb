#!/usr/bin/python3
"""`tootctl`: accounts, settings, and the few others that a node calls."""
import os
import re
import socket
import sys

import boot
import migrate
import rails
import secrets_of


def options(words, flags, values):
    """What Thor makes of the words: the plain ones, and the options, which must be known."""
    plain, found, words = [], {}, list(words)
    while words:
        word = words.pop(0)
        name, _, value = word.partition("=")
        if not word.startswith("--"):
            plain.append(word)
        elif name in values:
            if not value and not words:
                boot.abort(f"No value provided for option '{name}'")
            found[name] = value or words.pop(0)
        elif name in flags:
            found[name] = True
        else:
            boot.abort(f"Unknown switches \"{word}\"")
    return plain, found


def errors(*pairs):
    """Thor::Error: on stderr, and the exit status is 1."""
    if pairs:
        boot.abort("\n".join(f"Failure/Error: {attribute}\n    {kind}" for attribute, kind in pairs))


def mail_reaches(email):
    """EmailMxValidator: the domain has an address, unless it is on the allow list."""
    domain = email.partition("@")[2].lower()
    allowed = [d.lower() for d in boot.env("EMAIL_DOMAIN_ALLOWLIST").split("|") if d]
    if any(domain == d or domain.endswith("." + d) for d in allowed):
        return True
    try:
        socket.getaddrinfo(domain, None)
    except OSError:
        return False
    return True


def role_named(db, name):
    role = db.one("SELECT id FROM user_roles WHERE name = %s", name)
    if role is None:
        boot.abort("Cannot find user role with that name")
    return role


def user_of(db, name):
    user = db.one("SELECT users.id FROM users JOIN accounts ON accounts.id = account_id "
                  "WHERE lower(username) = lower(%s) AND domain IS NULL", name)
    if user is None:
        boot.abort("No user with such username")
    return user


def registrations(db):
    return (db.one("SELECT value FROM settings WHERE var = 'registrations_mode'") or "--- none\n")[4:].strip()


def create(words):
    plain, given = options(words, {"--confirmed", "--approve", "--reattach", "--force"}, {"--email", "--role"})
    if len(plain) != 1 or "--email" not in given:
        boot.abort("No value provided for required options '--email'" if plain else
                   "ERROR: \"tootctl create\" was called with no arguments\nUsage: \"tootctl accounts create USERNAME\"")
    db, name, email = migrate.connect(), plain[0], given["--email"]
    role = role_named(db, given["--role"]) if "--role" in given else None
    found = []
    if not re.fullmatch(r"[A-Za-z0-9_]{1,30}", name):
        found.append(("account.username", "invalid"))
    if db.one("SELECT 1 FROM accounts WHERE lower(username) = lower(%s) AND domain IS NULL", name):
        found.append(("account.username", "taken"))
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        found.append(("email", "invalid"))
    elif db.one("SELECT 1 FROM users WHERE email = lower(%s)", email):
        found.append(("email", "taken"))
    elif not mail_reaches(email):
        found.append(("email", "unreachable"))
    errors(*found)
    password = os.urandom(16).hex()
    with db.transaction():
        account = migrate.make_account(db, name)
        db.rows("INSERT INTO users (email, encrypted_password, account_id, role_id, confirmed_at, approved, created_at, updated_at) "
                "VALUES (lower(%s), %s, %s, %s, CASE WHEN %s THEN now() END, %s, now(), now())",
                email, secrets_of.password_hash(password), account, role, "--confirmed" in given,
                "--approve" in given or registrations(db) == "open")
    boot.say("OK")
    boot.say(f"New password: {password}")


def modify(words):
    plain, given = options(words, {"--remove-role", "--confirm", "--enable", "--disable", "--disable-2fa", "--approve",
                                   "--reset-password"}, {"--role", "--email"})
    db = migrate.connect()
    user = user_of(db, plain[0] if plain else "")
    changes = {
        "--role": ("role_id = %s", lambda v: role_named(db, v)), "--email": ("email = lower(%s)", str),
        "--remove-role": ("role_id = NULL", None), "--confirm": ("confirmed_at = now()", None),
        "--enable": ("disabled = false", None), "--disable": ("disabled = true", None),
        "--disable-2fa": ("otp_required_for_login = false", None), "--approve": ("approved = true", None)}
    with db.transaction():
        for name, value in given.items():
            if name in changes:
                column, make = changes[name]
                db.rows(f"UPDATE users SET {column} WHERE id = %s", *([make(value)] if make else []), user)
        if "--reset-password" in given:
            password = os.urandom(16).hex()
            db.rows("UPDATE users SET encrypted_password = %s WHERE id = %s", secrets_of.password_hash(password), user)
            db.rows("UPDATE oauth_access_tokens SET revoked_at = now() WHERE resource_owner_id = %s", user)
            db.rows("DELETE FROM session_activations WHERE user_id = %s", user)
    boot.say("OK")
    if "--reset-password" in given:
        boot.say(f"New password: {password}")


def settings_registrations(words):
    plain, given = options(words, {"--require-reason"}, set())
    modes = {"open": "open", "approved": "approved", "close": "none"}
    if not plain or plain[0] not in modes:
        boot.abort(f"Could not find command \"{plain[0] if plain else ''}\".")
    db = migrate.connect()
    rails.save_setting(db, "registrations_mode", modes[plain[0]])
    rails.save_setting(db, "require_invite_text", "--require-reason" in given)
    boot.say("OK")


def media_remove(words):
    options(words, {"--prune-profiles", "--remove-headers", "--include-follows", "--keep-interacted", "--dry-run", "--verbose"},
            {"--days", "--concurrency"})
    migrate.connect()
    boot.say("Removed 0 media attachments (approx. 0 Bytes)")


def cards_remove(words):
    options(words, {"--link", "--dry-run", "--verbose"}, {"--days", "--concurrency"})
    migrate.connect()
    boot.say("Removed 0 preview cards (approx. 0 Bytes)")


def search_deploy(words):
    options(words, {"--only-mapping", "--import", "--no-import", "--clean", "--no-clean", "--reset-chewy"},
            {"--concurrency", "--batch-size", "--only"})
    if boot.env("ES_ENABLED") != "true":
        boot.abort("Elasticsearch is not enabled")
    boot.abort("stand-in: there is no search here")


COMMANDS = {("accounts", "create"): create, ("accounts", "modify"): modify, ("settings", "registrations"): settings_registrations,
            ("media", "remove"): media_remove, ("preview_cards", "remove"): cards_remove, ("search", "deploy"): search_deploy}


def main(words):
    boot.rails()
    if words in (["version"], ["--version"]):
        return boot.say(boot.VERSION)
    command = COMMANDS.get(tuple(words[:2]))
    if not command:
        boot.abort(f"Could not find command \"{words[0] if words else ''}\".")
    command(words[2:])


if __name__ == "__main__":
    main(sys.argv[1:])
