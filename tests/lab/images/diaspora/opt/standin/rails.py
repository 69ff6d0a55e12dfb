#!/usr/bin/python3
"""`bin/rails runner FILE NAME EMAIL`: the one script that makes a podmin is all the Ruby that is understood."""
import re
import secrets
import string
import sys

import boot
import passwords
import rake

# Each line that it may have, in this order; a line that is missing is not done.
LINES = {
    "name, email = ARGV": "arguments",
    "password = SecureRandom.alphanumeric(24)": "password",
    "user = User.find_by(username: name)": "find",
    "if user": "", "else": "", "end": "",
    "user.password = user.password_confirmation = password": "reset",
    "user = User.build(username: name, email: email, password: password, password_confirmation: password)": "build",
    "user.save!": "save",
    "user.seed_aspects if user.aspects.empty?": "aspects",
    "Role.add_admin(user.person)": "admin",
    'puts "New password: #{password}"': "puts",
}
ORDER = ["arguments", "password", "find", "reset", "build", "save", "aspects", "admin", "puts"]


def invalid(text):
    boot.abort(f"Validation failed: {text} (ActiveRecord::RecordInvalid)")


def build(db, name, email, password):
    """A user with a person and a key of his own; saved without the captcha."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,32}", name):
        invalid("Username is invalid")
    if name in boot.get("settings.username_blacklist"):
        invalid("Username is reserved")
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email) or db.one("SELECT 1 FROM users WHERE email = %s", email):
        invalid("Email is invalid")
    private, public = passwords.rsa_pair(4096)
    with db.transaction():
        user = db.one("INSERT INTO users (username, email, encrypted_password, serialized_private_key, language, created_at, updated_at) "
                      "VALUES (%s, %s, %s, %s, 'en', now(), now()) RETURNING id", name, email, passwords.password_hash(password), private)
        db.rows("INSERT INTO people (guid, diaspora_handle, serialized_public_key, owner_id, created_at, updated_at) "
                "VALUES (md5(random()::text), %s, %s, %s, now(), now())", boot.handle(name), public, user)
    return user


def seed_aspects(db, user):
    if boot.get("settings.autofollow_on_join"):
        boot.abort("stand-in: another pod would be asked from here")
    if not db.one("SELECT 1 FROM aspects WHERE user_id = %s", user):
        for name in ("Family", "Friends", "Work", "Acquaintances"):
            db.rows("INSERT INTO aspects (name, user_id, created_at, updated_at) VALUES (%s, %s, now(), now())", name, user)


def add_admin(db, user):
    db.rows("INSERT INTO roles (person_id, name, created_at, updated_at) SELECT id, 'admin', now(), now() FROM people "
            "WHERE owner_id = %s ON CONFLICT DO NOTHING", user)


def runner(path, arguments):
    try:
        with open(path) as f:
            lines = [line.strip() for line in f if line.strip() and not line.strip().startswith("#")]
    except OSError:
        boot.abort(f"Please specify a valid ruby command or the path of a script to run.")
    unknown = [line for line in lines if line not in LINES]
    steps = [LINES[line] for line in lines if LINES.get(line)]
    if unknown or steps != [s for s in ORDER if s in steps] or len(arguments) != 2:
        boot.abort(f"stand-in: no Ruby is run here, and this is not known: {unknown or steps}")
    if not {"find", "build", "save"} <= set(steps):
        return
    name, email = arguments
    # As a user is before he is saved.
    name, db = name.strip().lower(), rake.connect()
    password = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(24))
    user = db.one("SELECT id FROM users WHERE username = %s", name)
    if user is None:
        user = build(db, name, email, password)
    elif "reset" in steps:
        db.rows("UPDATE users SET encrypted_password = %s, updated_at = now() WHERE id = %s", passwords.password_hash(password), user)
    if "aspects" in steps:
        seed_aspects(db, user)
    if "admin" in steps:
        add_admin(db, user)
    if "puts" in steps:
        boot.say(f"New password: {password}")


def main(words):
    boot.rails()
    if words[:1] == ["runner"] and len(words) > 1:
        return runner(words[1], words[2:])
    if words[:1] == ["console"]:
        return boot.say("stand-in: there is no Ruby here")
    boot.abort(f"Unrecognized command \"{' '.join(words)}\" (Rails::Command::UnrecognizedCommandError)")


if __name__ == "__main__":
    main(sys.argv[1:])
