"""What every program of diaspora* does first: it reads its configuration, or says why not. See contract.md."""
import os
import re
import signal
import sys
import time
import tomllib

import yaml

import passwords

HOME = "/home/diaspora/diaspora"
VERSION = "0.9.1.0"
BLACKLIST = "admin administrator hostmaster info postmaster root ssladmin ssladministrator sslwebmaster sysadmin webmaster support contact".split()
DEFAULTS = {
    "environment.require_ssl": True, "environment.sidekiq.concurrency": 5, "environment.assets.serve": False,
    "server.listen": "unix://tmp/diaspora.sock", "server.pid": "tmp/pids/web.pid", "settings.pod_name": "diaspora*",
    "settings.enable_registrations": True, "settings.autofollow_on_join": True, "settings.username_blacklist": BLACKLIST,
    "privacy.statistics.user_counts": False, "mail.enable": False}
config = {}


def say(text):
    print(text, flush=True)


def abort(text):
    print(text, file=sys.stderr, flush=True)
    sys.exit(1)


def log(text):
    """Rails writes into its file only."""
    with open(HOME + "/log/production.log", "a") as f:
        f.write(time.strftime("[%FT%T] ") + text + "\n")


def get(key):
    """Variables go before the file; one with a comma is a list."""
    name = key.upper().replace(".", "_")
    if name in os.environ:
        value = os.environ[name]
        return value.split(",") if "," in value else {"true": True, "false": False}.get(value, value)
    return config.get(key, DEFAULTS.get(key))


def flat(tree, start=""):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{start}{key}.")
        else:
            yield start + key, value


def read_config():
    path = HOME + "/config/diaspora.toml"
    if not os.path.exists(path):
        abort("FATAL: Configuration not found. Copy over diaspora.toml.example\n       to diaspora.toml and edit it to your needs.")
    try:
        with open(path, "rb") as f:
            tree = tomllib.load(f)
    except (tomllib.TOMLDecodeError, OSError) as error:
        abort(f"TomlRB::ParseError: {error}")
    if "production" not in tree:
        print("Namespace production not found in " + path, file=sys.stderr)
    config.update(flat(tree.get("configuration", {})))
    config.update(flat(tree.get("production", {})))
    authorities = get("environment.certificate_authorities")
    if not authorities or not os.path.isfile(authorities):
        abort("FATAL: Diaspora doesn't know where your certificate authorities are. Please ensure they are set to a valid path in diaspora.yml")


def read_database():
    """Its address to where the shared part looks for it."""
    try:
        with open(HOME + "/config/database.yml") as f:
            block = (yaml.safe_load(f) or {}).get("production") or {}
    except FileNotFoundError:
        block = {}
    if "adapter" not in block:
        abort("No database adapter found, please fix your config/database.yml!")
    if block["adapter"] != "postgresql":
        abort("stand-in: PostgreSQL only")
    names = {"host": "host", "port": "port", "username": "user", "password": "password", "database": "dbname", "sslmode": "sslmode"}
    os.environ["DATABASE_URL"] = " ".join("%s='%s'" % (to, str(block[name]).replace("\\", "\\\\").replace("'", "\\'"))
                                          for name, to in names.items() if block.get(name) is not None)
    config["pool"] = block.get("pool", 5)


def read_redis():
    url = os.environ.get("REDIS_URL") or get("environment.redis") or "redis://localhost:6379"
    if not url.startswith(("redis://", "unix:///")):
        print(f"WARNING: Your redis url ({url}) doesn't start with redis:// or unix:///", file=sys.stderr)
    os.environ["REDIS_URL"] = url


def read_secret():
    """One line of Ruby: a literal, or a file."""
    path = HOME + "/config/initializers/secret_token.rb"
    if not os.path.exists(path):
        with open(path, "w") as f:
            f.write(f"Diaspora::Application.config.secret_key_base = '{os.urandom(40).hex()}'\n")
    with open(path) as f:
        code = f.read().strip()
    match = re.fullmatch(r"""Diaspora::Application\.config\.secret_key_base = (?:'([^'\\]+)'|File\.read\("([^"\\#]+)"\)\.chomp)""", code)
    if not match:
        abort(f"stand-in: no Ruby is run here, and this is not known: {code}")
    secret = match[1]
    if not secret:
        try:
            with open(match[2]) as f:
                secret = f.read().removesuffix("\n")
        except OSError as error:
            abort(f"{error} (Errno::ENOENT)")
    if len(secret) < 30:
        abort("Missing `secret_key_base` for 'production' environment (ArgumentError)")
    os.environ["SECRET_KEY_BASE"] = secret


def read_openid_key():
    """Made by whoever is first, in no safe way; the half of one ends every start."""
    path = HOME + "/config/oidc_key.pem"
    if not os.path.exists(path):
        with open(path, "w") as f:
            f.write(passwords.rsa_pair(4096)[0])
        os.chmod(path, 0o600)
    with open(path) as f:
        if not passwords.is_private_key(f.read()):
            abort("Neither PUB key nor PRIV key (OpenSSL::PKey::RSAError)")


def rails(eager=True):
    """Checks what diaspora* checks, in its order. EAGER: all code is loaded, as all but rake do."""
    stricter_before()
    read_config()
    read_database()
    for folder in ("log", "tmp"):
        if not os.access(f"{HOME}/{folder}", os.W_OK):
            abort(f"{HOME}/{folder} is not writeable (ArgumentError)")
    read_secret()
    read_redis()
    if eager:
        read_openid_key()
    stricter()
    time.sleep(float(os.environ.get("STANDIN_BOOT_S", "0.5")))


def stricter_before():
    if os.environ.get("RAILS_ENV") != "production":
        abort("stand-in: RAILS_ENV is not production, diaspora* would start as something else")
    if os.environ.get("HEROKU") or os.environ.get("DATABASE_URL"):
        abort("stand-in: by files only")


def stricter():
    """The real one takes these as they are, and nobody wants what comes of it."""
    with open(os.path.dirname(os.path.abspath(__file__)) + "/keys.txt") as f:
        known = set(f.read().split()) | {"pool"}
    for key in config:
        if key not in known:
            abort(f"stand-in: diaspora* knows no key {key}, and says nothing")
    url = get("environment.url") or ""
    if not re.fullmatch(r"https://[a-z0-9.-]+/", url):
        abort(f"stand-in: environment.url is {url or 'missing'}, and that would be the pod's name for ever")
    if int(config["pool"]) < 5:
        abort("stand-in: the pool of connections is smaller than the number of threads")


def host():
    return get("environment.url")[len("https://"):-1]


def handle(name):
    return f"{name}@{host().replace('www.', '')}"


def ends_by_term():
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
