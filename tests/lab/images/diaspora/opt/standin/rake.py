#!/usr/bin/python3
"""`bin/rake TASK…`: the migrations, in real tables with real version rows."""
import glob
import os
import re
import sys
import zlib

import boot
import database

# Active Record's own salt: whoever migrates holds this lock, so two of them do not.
LOCK_SALT = 2053462845


def connect():
    try:
        return database.Database()
    except database.Refused as error:
        boot.abort(f"rake aborted!\nActiveRecord::ConnectionNotEstablished: {str(error).strip()}")


def migrations():
    files = glob.glob(boot.HOME + "/db/migrate/*.rb")
    return dict(sorted((int(os.path.basename(f).split("_")[0]), f) for f in files))


def applied(db):
    if not db.one("SELECT to_regclass('public.schema_migrations') IS NOT NULL"):
        return set()
    return {int(v) for v, in db.rows("SELECT version FROM schema_migrations")}


def migrate():
    """In order, from the first, each with its row in one transaction; what is there is left alone."""
    db = connect()
    key = LOCK_SALT * zlib.crc32(db.one("SELECT current_database()").encode())
    if not db.one("SELECT pg_try_advisory_lock(%s)", key):
        boot.abort("rake aborted!\nActiveRecord::ConcurrentMigrationError: Cannot run migrations because another migration process is currently running.")
    db.rows("CREATE TABLE IF NOT EXISTS schema_migrations (version character varying NOT NULL PRIMARY KEY)")
    db.rows("CREATE TABLE IF NOT EXISTS ar_internal_metadata (key character varying NOT NULL PRIMARY KEY, "
            "value character varying, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL)")
    db.rows("INSERT INTO ar_internal_metadata VALUES ('environment', 'production', now(), now()) ON CONFLICT (key) DO NOTHING")
    have = applied(db)
    for version, file in migrations().items():
        if version in have:
            continue
        name = "".join(w.capitalize() for w in re.sub(r"^\d+_|\.rb$", "", os.path.basename(file)).split("_"))
        boot.say(f"== {version} {name}: migrating ====")
        try:
            with db.transaction(), open(file) as f:
                for sql in re.findall(r"<<~SQL\n(.*?)\n *SQL\n", f.read(), re.S):
                    db.rows(sql)
                db.rows("INSERT INTO schema_migrations VALUES (%s)", str(version))
        except database.Error as error:
            boot.abort(f"rake aborted!\nStandardError: An error has occurred, this and all later migrations canceled:\n\n{error}")
        boot.say(f"== {version} {name}: migrated ====")


def create():
    boot.abort("permission denied to create database\nCouldn't create 'diaspora_production' database. Please check your configuration.")


def dangerous():
    boot.abort("rake aborted!\nActiveRecord::ProtectedEnvironmentError: You are attempting to run a destructive action "
               "against your 'production' database.")


def version():
    boot.say(f"Current version: {max(applied(connect()), default=0)}")


TASKS = {"db:migrate": migrate, "db:create": create, "db:version": version, "db:drop": dangerous, "db:reset": dangerous,
         "db:schema:load": dangerous, "db:setup": dangerous}


def main(words):
    boot.rails(eager=False)
    for word in words:
        if word not in TASKS:
            boot.abort(f"rake aborted!\nDon't know how to build task '{word}' (See the list of available tasks with `rake --tasks`)")
    for word in words:
        TASKS[word]()


if __name__ == "__main__":
    main(sys.argv[1:])
