"""What every program of the real image does first: Rails boots, or says why not. See contract.md."""
import os
import signal
import sys
import time

import dotenv
import secrets_of

HOME = "/opt/mastodon"
dotenv.load(HOME + "/.env.production")
HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "version")) as f:
    VERSION = f.read().strip()


def env(name, default=""):
    return os.environ.get(name) or default


def domain():
    return env("LOCAL_DOMAIN").lower()


def web():
    return env("WEB_DOMAIN", domain()).lower()


def say(text):
    print(text, flush=True)


def abort(text):
    print(text, file=sys.stderr, flush=True)
    sys.exit(1)


def writable(path):
    return os.path.isdir(path) and os.access(path, os.W_OK)


def rails():
    """Checks what Rails and Mastodon's initializers check, in their order."""
    if "RAILS_ENV" not in os.environ:
        abort("ERROR: Missing RAILS_ENV environment variable, please set it to \"production\", \"development\", or \"test\".")
    # Bootsnap's cache, the pid file: a root that may not be written is fine, this folder is not.
    if not writable(HOME + "/tmp"):
        abort(f"{HOME}/tmp: Permission denied @ dir_s_mkdir - {HOME}/tmp/cache (Errno::EACCES)")
    if not writable(env("TMPDIR")) and not writable("/tmp"):
        abort("could not find a temporary directory (ArgumentError)")
    if env("REDIS_NAMESPACE"):
        abort("ERROR: the REDIS_NAMESPACE environment variable is no longer supported, and a migration is required.")
    if env("SECRET_KEY_BASE_DUMMY"):
        return
    for name in ("DETERMINISTIC_KEY", "KEY_DERIVATION_SALT", "PRIMARY_KEY"):
        value = env("ACTIVE_RECORD_ENCRYPTION_" + name)
        if not value or value.endswith("DO_NOT_USE_IN_PRODUCTION"):
            abort("Mastodon now requires that these variables are set:\n\n"
                  "  - ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY\n"
                  "  - ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT\n"
                  "  - ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY")
    if not env("SECRET_KEY_BASE"):
        abort("Missing `secret_key_base` for 'production' environment (ArgumentError)")
    stricter()
    time.sleep(float(env("STANDIN_BOOT_S", "0.5")))


def stricter():
    """The real one starts without these, as something that nobody wants; and so does no stand-in."""
    if not env("LOCAL_DOMAIN"):
        abort("stand-in: LOCAL_DOMAIN is missing, Mastodon would call itself localhost:3000 for ever")
    if env("LOCAL_DOMAIN") != domain() or not domain().isascii():
        abort("stand-in: LOCAL_DOMAIN is not in small ASCII letters")
    if not secrets_of.vapid_fits(env("VAPID_PRIVATE_KEY"), env("VAPID_PUBLIC_KEY")):
        abort("stand-in: VAPID_PRIVATE_KEY and VAPID_PUBLIC_KEY are not a pair, web push would not work")
    if env("DISABLE_DATABASE_ENVIRONMENT_CHECK"):
        abort("stand-in: DISABLE_DATABASE_ENVIRONMENT_CHECK is set, a task could drop every table")
    for value in os.environ.values():
        # Neither docker nor podman strips quotes in the files of --env-file.
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            abort("stand-in: a variable has its quotes in its value")


def ends_by_term():
    """Programs that end at once when they are told to; tini passes SIGTERM on."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0 if number == signal.SIGTERM else 130))
