#!/usr/bin/python3
"""`gotosocial`: the server, and the tool for accounts."""
import sys

import store


def flags(words, needed):
    found, words = {}, list(words)
    while words:
        name, sign, value = words.pop(0).partition("=")
        if not name.startswith("--") or name[2:] not in needed:
            store.fail(f"unknown flag: {name}")
        if not sign and not words:
            store.fail(f"flag needs an argument: {name}")
        found[name[2:]] = value if sign else words.pop(0)
    missing = [name for name in needed if name not in found]
    if missing:
        store.fail("required flag(s) " + ", ".join(f'"{name}"' for name in missing) + " not set")
    return [found[name] for name in needed]


def user_of(db, username):
    store.check_username(username)
    row = db.execute("SELECT users.id FROM users JOIN accounts ON accounts.id = account_id "
                     "WHERE username = ? AND domain IS NULL", (username,)).fetchone()
    return row[0] if row else store.fail("sql: no rows in result set")


def create(db, username, email, password):
    store.check_username(username)
    if db.execute("SELECT 1 FROM accounts WHERE username = ? AND domain IS NULL", (username,)).fetchone():
        store.fail(f"username {username} is already in use")
    if email.count("@") != 1:
        store.fail("mail: missing '@' or angle-addr")
    if db.execute("SELECT 1 FROM users WHERE email = ?", (email,)).fetchone():
        store.fail(f"email address {email} is already in use")
    store.check_password(password)
    app = db.execute("SELECT id FROM applications WHERE client_id = 'instance'").fetchone()
    if not app:
        store.fail("NewSignup: instance application not yet created, run the server at least once *before* creating users")
    account = store.ulid()
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO accounts (id, username, uri) VALUES (?, ?, ?)",
               (account, username, f"https://{store.setting('HOST')}/users/{username}"))
    db.execute("INSERT INTO users (id, email, account_id, encrypted_password, approved, confirmed_at, created_by_application_id) "
               "VALUES (?, ?, ?, ?, true, datetime('now'), ?)", (store.ulid(), email, account, store.hash_of(password), app[0]))
    db.execute("COMMIT")


def promote(db, username):
    db.execute("UPDATE users SET admin = true, moderator = true WHERE id = ?", (user_of(db, username),))


def demote(db, username):
    db.execute("UPDATE users SET admin = false, moderator = false WHERE id = ?", (user_of(db, username),))


def change_password(db, username, password):
    user = user_of(db, username)
    store.check_password(password)
    db.execute("UPDATE users SET encrypted_password = ? WHERE id = ?", (store.hash_of(password), user))


def show_list(db):
    """text/tabwriter: columns as wide as their widest cell, and a blank between."""
    rows = [("user", "account", "approved", "admin", "moderator", "suspended", "confirmed")]
    for name, account, approved, admin, moderator, confirmed in db.execute(
            "SELECT username, account_id, approved, admin, moderator, confirmed_at FROM users "
            "JOIN accounts ON accounts.id = account_id ORDER BY users.id"):
        yes = ["yes" if value else "no" for value in (approved, admin, moderator, False, confirmed)]
        rows.append((name, account, *yes))
    widths = [max(len(row[i]) for row in rows) for i in range(6)]
    for row in rows:
        print(" ".join(cell.ljust(width) for cell, width in zip(row, widths)), row[6])


ACCOUNT = {"create": (create, ("username", "email", "password")), "promote": (promote, ("username",)),
           "demote": (demote, ("username",)), "password": (change_password, ("username", "password")),
           "list": (show_list, ())}


def main(words):
    if words == ["server", "start"]:
        store.validate()
        import server  # what it needs takes its time, and the tool does not need it
        return server.start()
    if words == ["--version"]:
        print("gotosocial version 0.19.2 git-0000000")
        return 0
    if words[:2] != ["admin", "account"] or words[2:3] == [] or words[2] not in ACCOUNT:
        store.fail(f"unknown command \"{' '.join(words)}\" for \"gotosocial\"")
    action, needed = ACCOUNT[words[2]]
    values = flags(words[3:], needed)
    store.validate()
    db = store.connect()
    store.migrate(db)
    action(db, *values)
    db.close()
    return 0


sys.exit(main(sys.argv[1:]))
