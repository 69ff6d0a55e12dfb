"""A connection to PostgreSQL by DATABASE_URL or DB_*."""
import os

import psycopg2

Error = psycopg2.Error
Refused = psycopg2.OperationalError


def settings():
    if os.environ.get("DATABASE_URL"):
        return os.environ["DATABASE_URL"]
    env = os.environ.get
    return " ".join(f"{key}='{value}'" for key, value in {
        "host": env("DB_HOST") or "localhost",
        "port": env("DB_PORT") or "5432",
        "dbname": env("DB_NAME") or "mastodon_production",
        "user": env("DB_USER") or "mastodon",
        "password": (env("DB_PASS") or "").replace("\\", "\\\\").replace("'", "\\'"),
        "sslmode": env("DB_SSLMODE") or "prefer",
        "connect_timeout": "15",
    }.items())


class Database:
    """Every statement is a transaction of its own, unless it stands in `with database.transaction():`."""

    def __init__(self):
        self.connection = psycopg2.connect(settings())
        self.connection.autocommit = True

    def rows(self, query, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def row(self, query, *values):
        return (self.rows(query, *values) or [None])[0]

    def one(self, query, *values):
        return (self.row(query, *values) or [None])[0]

    def transaction(self):
        return Transaction(self)


class Transaction:
    def __init__(self, database):
        self.database = database

    def __enter__(self):
        self.database.rows("BEGIN")

    def __exit__(self, kind, *_):
        self.database.rows("ROLLBACK" if kind else "COMMIT")
