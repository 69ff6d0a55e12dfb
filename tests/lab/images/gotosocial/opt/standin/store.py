"""The configuration as GoToSocial checks it, and its database: real SQLite, with the tables that a node asks for."""
import hashlib
import ipaddress
import json
import math
import os
import re
import secrets
import sqlite3
import sys
import time

# The newest of the real ones; a database without them is migrated before anything answers.
MIGRATIONS = ("20250310094108_statuses_count_query_optimize", "20250314120945_add_gallery_web_layout",
              "20250321131230_relax_account_uri_uniqueness", "20250324173534_2fa")
DEFAULTS = {"ACCOUNT_DOMAIN": "", "BIND_ADDRESS": "0.0.0.0", "DB_ADDRESS": "", "DB_TYPE": "postgres", "HOST": "",
            "INSTANCE_FEDERATION_MODE": "blocklist", "LETSENCRYPT_ENABLED": "false", "MEDIA_LOCAL_MAX_SIZE": "41943040",
            "MEDIA_REMOTE_CACHE_DAYS": "7", "PORT": "8080", "PROTOCOL": "https", "STORAGE_BACKEND": "local",
            "STORAGE_LOCAL_BASE_PATH": "/gotosocial/storage", "TRUSTED_PROXIES": "127.0.0.1/32,::1",
            "WAZERO_COMPILATION_CACHE": ""}


def fail(text):
    """What ends the program: on stderr, and the status is 1."""
    print(f"Error: {text}", file=sys.stderr)
    sys.exit(1)


def read_file():
    """By its ending; JSON is the one that is understood here. A variable goes before it."""
    path = os.environ.get("GTS_CONFIG_PATH")
    if not path:
        return {}
    if not path.endswith(".json"):
        fail("stand-in: of configuration files only JSON is read here")
    try:
        with open(path) as f:
            return {name.upper().replace("-", "_"): str(value) for name, value in json.load(f).items()}
    except (OSError, ValueError) as error:
        fail(f"error loading config file: {error}")


FILE = read_file()


def setting(name):
    return os.environ.get("GTS_" + name, FILE.get(name, DEFAULTS.get(name, "")))


def writable(path):
    return os.path.isdir(path) and os.access(path, os.W_OK)


def validate():
    """config.Validate(), then what starts the real one as something that nobody wants."""
    host, domain = setting("HOST"), setting("ACCOUNT_DOMAIN")
    if not host:
        fail("invalid config: host must be set")
    if domain and host != domain and not host.endswith("." + domain):
        fail(f"invalid config: account-domain {domain} is not a valid subdomain of host {host}")
    if setting("PROTOCOL") not in ("http", "https"):
        fail("invalid config: protocol must be set to either http or https")
    if setting("INSTANCE_FEDERATION_MODE") not in ("blocklist", "allowlist"):
        fail("invalid config: instance-federation-mode must be set to either blocklist or allowlist")
    if setting("DB_TYPE") not in ("sqlite", "postgres"):
        fail(f"error creating dbservice: database type {setting('DB_TYPE')} not supported for bundb")
    for name, value in os.environ.items():
        if name.startswith("GTS_") and value[:1] in "\"'" and value:
            fail(f"stand-in: {name} has quotes around its value, which nobody takes away")
    if setting("PROTOCOL") != "https" or setting("LETSENCRYPT_ENABLED") != "false":
        fail("stand-in: a node behind a proxy has https, and no certificates of its own")
    if setting("DB_TYPE") != "sqlite" or setting("STORAGE_BACKEND") != "local":
        fail("stand-in: only SQLite and local storage are there")
    try:
        [ipaddress.ip_network(net) for net in setting("TRUSTED_PROXIES").split(",")]
        int(setting("MEDIA_REMOTE_CACHE_DAYS")), int(setting("MEDIA_LOCAL_MAX_SIZE")), int(setting("PORT"))
    except ValueError as error:
        fail(f"error reloading config: {error}")
    cache = setting("WAZERO_COMPILATION_CACHE")
    if cache and not writable(cache):
        fail(f"error creating compilation cache at {cache}")


def connect():
    address = setting("DB_ADDRESS")
    if not address:
        fail("error creating dbservice: 'db-address' was not set when attempting to start sqlite")
    if not writable(os.path.dirname(address)):
        fail("error creating dbservice: sqlite ping: unable to open database file: out of memory (14)")
    db = sqlite3.connect(address, timeout=30, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    return db


def migrate(db):
    """Each in a transaction with its row, as bun does. The first one takes as long as a large database would."""
    db.execute("CREATE TABLE IF NOT EXISTS bun_migrations "
               "(id INTEGER PRIMARY KEY, name VARCHAR, group_id INTEGER, migrated_at TIMESTAMP)")
    done = {name for name, in db.execute("SELECT name FROM bun_migrations")}
    pending = [name for name in MIGRATIONS if name.partition("_")[0] not in done]
    if pending:
        time.sleep(float(os.environ.get("STANDIN_MIGRATE_S", "3")))
    for name in pending:
        db.execute("BEGIN IMMEDIATE")
        if name == MIGRATIONS[0]:
            with open(os.path.dirname(__file__) + "/schema.sql") as schema:
                for statement in schema.read().split(";"):
                    db.execute(statement)
        db.execute("INSERT INTO bun_migrations (name, group_id, migrated_at) VALUES (?, 1, datetime('now'))",
                   (name.partition("_")[0],))
        db.execute("COMMIT")


def ulid():
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    number, out = int(time.time() * 1000) << 80 | secrets.randbits(80), ""
    for _ in range(26):
        number, rest = divmod(number, 32)
        out = alphabet[rest] + out
    return out


def hash_of(password, salt=None):
    salt = salt or secrets.token_hex(16)
    return salt + "$" + hashlib.pbkdf2_hmac("sha256", password.encode(), bytes.fromhex(salt), 20000).hex()


def is_password(password, stored):
    return secrets.compare_digest(hash_of(password, stored.partition("$")[0]), stored)


def check_username(name):
    if not re.fullmatch(r"[a-z0-9_]{1,64}", name):
        fail(f"given username {name} was invalid: must contain only lowercase letters, numbers, and underscores, "
             "max 64 characters")


def check_password(password):
    """go-password-validator: the kinds of characters, and how many there are. 60 bits are asked for."""
    if not 0 < len(password) <= 72:
        fail("password should be no more than 72 bytes" if password else "no password provided")
    kinds = ((r"[a-z]", 26), (r"[A-Z]", 26), (r"[0-9]", 10), (r"[!@$&*]", 5), (r"[_\-., ]", 5), (r"[^A-Za-z0-9!@$&*_\-., ]", 22))
    base = sum(size for pattern, size in kinds if re.search(pattern, password))
    short = re.sub(r"(.)\1{2,}", r"\1\1", password)
    percent = int(100 * len(short) * math.log2(base) / 60)
    if percent < 100:
        fail(f"password is only {percent}% strength, try including more special characters, using uppercase letters, "
             "using numbers or using a longer password")
