#!/usr/bin/python3
"""`rails TASK…` and `rails runner CODE`, as far as a node needs them."""
import os
import re
import sys

import boot
import migrate


def prepare():
    migrate.prepare()


def run_migrations():
    db = migrate.connect()
    if not migrate.is_there(db, "schema_migrations"):
        migrate.load_schema(db)
    migrate.migrate(db)


def seed():
    db = migrate.connect()
    if migrate.pending(db) and not boot.env("SKIP_POST_DEPLOYMENT_MIGRATIONS"):
        abort_if_pending()
    migrate.seed(db)


def abort_if_pending():
    pending = migrate.pending(migrate.connect())
    if pending:
        lines = "".join(f"\n  {version:>4} {os.path.basename(file)[15:-3]}" for version, file in pending.items())
        boot.abort(f"You have {len(pending)} pending migration{'s'[:len(pending) > 1]}:{lines}\n"
                   "Run `bin/rails db:migrate` to update your database then try again.")


def status():
    db = migrate.connect()
    have = migrate.applied(db)
    for version, file in migrate.migrations().items():
        boot.say(f"{'up' if version in have else 'down':^8}  {version:<14}  {os.path.basename(file)[15:-3]}")


def version():
    boot.say("Current version: " + max(migrate.applied(migrate.connect()), default="0"))


def dangerous():
    if migrate.is_there(migrate.connect(), "ar_internal_metadata"):
        boot.abort("bin/rails aborted!\nActiveRecord::ProtectedEnvironmentError: You are attempting to run a destructive action "
                   "against your 'production' database.")
    prepare()


def secret():
    boot.say(os.urandom(64).hex())


TASKS = {"db:prepare": prepare, "db:migrate": run_migrations, "db:seed": seed, "db:version": version,
         "db:abort_if_pending_migrations": abort_if_pending, "db:migrate:status": status, "secret": secret,
         "db:setup": dangerous, "db:schema:load": dangerous, "db:drop": dangerous, "db:reset": dangerous}


def value_of(text):
    """A Ruby literal, or ENV['NAME']."""
    match = re.fullmatch(r"""ENV(?:\.fetch\(|\[)['"](\w+)['"][\])]""", text)
    if match:
        return os.environ[match[1]]
    match = re.fullmatch(r"""'([^']*)'|"([^"#\\]*)\"""", text)
    if match:
        return match[1] if match[1] is not None else match[2]
    match = re.fullmatch(r"\[(\d+) / (\d+), (\d+)\]\.max", text)
    if match:
        return max(int(match[1]) // int(match[2]), int(match[3]))
    if text in ("true", "false", "nil"):
        return {"true": True, "false": False, "nil": None}[text]
    return int(text)


def yaml_of(value):
    """As Rails keeps a setting's value."""
    if value is None:
        return "--- \n"
    if isinstance(value, bool):
        return f"--- {str(value).lower()}\n"
    if isinstance(value, int) or re.fullmatch(r"[A-Za-z][\w .,/@+-]*", value) and value not in ("true", "false", "null", "yes", "no"):
        return f"--- {value}\n"
    return "--- '%s'\n" % value.replace("'", "''")


def save_setting(db, name, value):
    db.rows("INSERT INTO settings (var, value, created_at, updated_at) VALUES (%s, %s, now(), now()) "
            "ON CONFLICT (var) DO UPDATE SET value = excluded.value, updated_at = now()", name, yaml_of(value))


def runner(code):
    """Only settings are known: `Setting.NAME = VALUE`, divided by lines or semicolons."""
    db = migrate.connect()
    for statement in filter(None, (s.strip() for s in re.split(r"[;\n]", code))):
        match = re.fullmatch(r"Setting\.(\w+)\s*=\s*(.+)", statement)
        try:
            save_setting(db, match[1], value_of(match[2]))
        except (TypeError, ValueError, KeyError) as error:
            boot.abort(f"stand-in: no Ruby is run here, and this is not known: {statement} ({error})")


def main(words):
    assignments = [w for w in words if re.match(r"[A-Z_]+=", w)]
    os.environ.update(w.split("=", 1) for w in assignments)
    words = [w for w in words if w not in assignments]
    boot.rails()
    if words[:1] == ["runner"] and len(words) == 2:
        return runner(words[1])
    for word in words or ["help"]:
        if word not in TASKS:
            boot.abort(f"Unrecognized command \"{word}\" (Rails::Command::UnrecognizedCommandError)")
    for word in words:
        TASKS[word]()


if __name__ == "__main__":
    main(sys.argv[1:])
