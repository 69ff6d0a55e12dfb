"""Active Record's tasks: the schema, the migrations, the seeds. Real tables with real version rows."""
import glob
import os
import re
import zlib

import boot
import database
import secrets_of

# Active Record's own salt: whoever migrates holds this lock, so two of them do not.
LOCK_SALT = 2053462845


def migrations():
    """Version → file, of both folders; the second is left out by SKIP_POST_DEPLOYMENT_MIGRATIONS."""
    folders = ["migrate"] + ([] if boot.env("SKIP_POST_DEPLOYMENT_MIGRATIONS") else ["post_migrate"])
    files = [f for folder in folders for f in glob.glob(f"{boot.HOME}/db/{folder}/*.rb")]
    return dict(sorted((os.path.basename(f)[:14], f) for f in files))


def is_there(db, table):
    return db.one("SELECT to_regclass(%s) IS NOT NULL", "public." + table)


def applied(db):
    return {v for v, in db.rows("SELECT version FROM schema_migrations")} if is_there(db, "schema_migrations") else set()


def pending(db):
    have = applied(db)
    return {v: f for v, f in migrations().items() if v not in have}


def connect():
    try:
        return database.Database()
    except database.Refused as error:
        text = str(error).strip()
        if "does not exist" in text:
            boot.abort(f"ActiveRecord::NoDatabaseError: {text}")
        boot.abort(f"ActiveRecord::ConnectionNotEstablished: {text}")


def versions_table(db):
    db.rows("CREATE TABLE IF NOT EXISTS schema_migrations (version character varying NOT NULL PRIMARY KEY)")
    db.rows("CREATE TABLE IF NOT EXISTS ar_internal_metadata (key character varying NOT NULL PRIMARY KEY, "
            "value character varying, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL)")
    db.rows("INSERT INTO ar_internal_metadata VALUES ('environment', %s, now(), now()) ON CONFLICT (key) DO NOTHING",
            boot.env("RAILS_ENV"))


def sql_of(file):
    with open(file) as f:
        return re.findall(r"<<~SQL\n(.*?)\n *SQL\n", f.read(), re.S)


def statements(file):
    with open(file) as f:
        return [s for s in re.split(r";\n\n", f.read()) if s.strip()]


def load_schema(db):
    """Table by table, each committed, older ones of the name dropped; the versions last. Cut short, it begins anew."""
    for statement in statements(boot.HERE + "/schema.sql"):
        db.rows(statement)
    for file in migrations().values():
        for sql in sql_of(file):
            db.rows(sql)
    versions_table(db)
    with db.transaction():
        for version in migrations():
            db.rows("INSERT INTO schema_migrations VALUES (%s) ON CONFLICT DO NOTHING", version)


def migrate(db):
    server = int(db.one("SELECT current_setting('server_version_num')"))
    if server < 140000:
        boot.abort("This version of Mastodon requires PostgreSQL 14.0 or newer. Please update PostgreSQL before updating Mastodon.")
    key = LOCK_SALT * zlib.crc32(db.one("SELECT current_database()").encode())
    if not db.one("SELECT pg_try_advisory_lock(%s)", key):
        boot.abort("ActiveRecord::ConcurrentMigrationError: Cannot run migrations because another migration process is currently running.")
    versions_table(db)
    for version, file in pending(db).items():
        name = "".join(w.capitalize() for w in os.path.basename(file)[15:-3].split("_"))
        boot.say(f"== {version} {name}: migrating ====")
        try:
            # Data is moved outside of a transaction, tables are changed within one: all of it or nothing.
            if version == KEYPAIRS:
                move_keypairs(db)
                db.rows("INSERT INTO schema_migrations VALUES (%s)", version)
            else:
                with db.transaction():
                    for sql in sql_of(file):
                        db.rows(sql)
                    db.rows("INSERT INTO schema_migrations VALUES (%s)", version)
        except database.Error as error:
            boot.abort(f"bin/rails aborted!\nStandardError: An error has occurred, this and all later migrations canceled:\n\n{error}")
        boot.say(f"== {version} {name}: migrated ====")
    db.one("SELECT pg_advisory_unlock(%s)", key)


KEYPAIRS = "20260702144128"


def move_keypairs(db):
    """From 4.7 on the local accounts' keys are encrypted, in a table of their own."""
    for account, public, private in db.rows("SELECT id, public_key, private_key FROM accounts "
                                            "WHERE domain IS NULL AND private_key IS NOT NULL"):
        with db.transaction():
            save_key(db, account, private, public)
            db.rows("UPDATE accounts SET public_key = '', private_key = NULL WHERE id = %s", account)


def save_key(db, account, private, public):
    db.rows("INSERT INTO keypairs (type, account_id, local_fragment, public_key, private_key, created_at, updated_at) "
            "VALUES (0, %s, '#main-key', %s, %s, now(), now()) ON CONFLICT (account_id, local_fragment) DO UPDATE "
            "SET public_key = excluded.public_key, private_key = excluded.private_key",
            account, public, secrets_of.encrypt(private))


def moved(db):
    return KEYPAIRS in applied(db)


def make_account(db, username, actor_type=None, **columns):
    """A local account with its keys, where this version keeps them."""
    private, public = secrets_of.rsa_pair()
    names, values = ["username", "actor_type", *columns], [username, actor_type, *columns.values()]
    if not moved(db):
        names, values = names + ["private_key", "public_key"], values + [private, public]
    account = db.one(f"INSERT INTO accounts ({', '.join(names)}, created_at, updated_at) "
                     f"VALUES ({', '.join(['%s'] * len(names))}, now(), now()) RETURNING id", *values)
    if moved(db):
        save_key(db, account, private, public)
    return account


def keys(db, account):
    """The account's private key, encrypted or not, and the public one. Before 4.7 nobody knows the other table; since then
    the old place is asked last."""
    kept = boot.VERSION >= "4.7" and db.row("SELECT private_key, public_key FROM keypairs "
                                            "WHERE account_id = %s AND local_fragment = '#main-key'", account)
    return kept or db.row("SELECT private_key, public_key FROM accounts WHERE id = %s", account)


def signing_key(db, account):
    """Read only by who signs with it: another encryption key is found out as late as that."""
    private = keys(db, account)[0]
    if not private:
        raise ValueError("no key to sign with")
    return secrets_of.decrypt(private) if private.startswith("{") else private


ROLES = [(-99, "", -1, 65536), (None, "Moderator", 10, 1308), (None, "Admin", 100, 983036), (None, "Owner", 1000, 1)]
BLOCKED = ("abuse account accounts admin administration administrator admins help helpdesk instance mod moderator "
           "moderators mods owner root security server staff support webmaster").split()


def seed(db):
    """May run any number of times."""
    with db.transaction():
        db.rows("INSERT INTO oauth_applications (name, uid, secret, redirect_uri, scopes, superapp, created_at, updated_at) "
                "SELECT 'Web', md5(random()::text), md5(random()::text), 'urn:ietf:wg:oauth:2.0:oob', 'read write follow push', "
                "true, now(), now() WHERE NOT EXISTS (SELECT 1 FROM oauth_applications WHERE superapp)")
        if not db.one("SELECT 1 FROM accounts WHERE id = -99"):
            make_account(db, "mastodon.internal", "Application", id=-99, locked=True)
        for number, name, position, permissions in ROLES:
            if not db.one("SELECT 1 FROM user_roles WHERE name = %s", name):
                default = "%s" if number else "coalesce(%s, nextval('user_roles_id_seq'))"
                db.rows("INSERT INTO user_roles (id, name, position, permissions, highlighted, created_at, updated_at) "
                        f"VALUES ({default}, %s, %s, %s, %s, now(), now())", number, name, position, permissions, bool(name))
        for name in BLOCKED:
            db.rows("INSERT INTO username_blocks (username, normalized_username, exact, created_at, updated_at) "
                    "SELECT %s, %s, true, now(), now() WHERE NOT EXISTS "
                    "(SELECT 1 FROM username_blocks WHERE normalized_username = %s)", name, name, name)


def create_database():
    """With the right to; a plain owner of a database has none, and needs none when it is there."""
    import psycopg2
    name = boot.env("DB_NAME", "mastodon_production")
    try:
        other = psycopg2.connect(database.settings(), dbname="postgres")
        other.autocommit = True
        other.cursor().execute(f'CREATE DATABASE "{name}"')
        boot.say(f"Created database '{name}'")
    except psycopg2.Error as error:
        boot.abort(f"Couldn't create '{name}' database. Please check your configuration.\n{error}")


def prepare():
    try:
        db = database.Database()
    except database.Refused as error:
        if "does not exist" not in str(error):
            boot.abort(f"ActiveRecord::ConnectionNotEstablished: {str(error).strip()}")
        create_database()
        db = connect()
    new = not is_there(db, "schema_migrations")
    if new:
        load_schema(db)
    migrate(db)
    if new:
        seed(db)
