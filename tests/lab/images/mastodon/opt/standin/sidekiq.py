#!/usr/bin/python3
"""Sidekiq: takes jobs from the queues it is told, shows its heartbeat in Redis, keeps what failed."""
import argparse
import base64
import json
import os
import signal
import smtplib
import socket
import ssl
import sys
import threading
import time

import boot
import jobs
import migrate
from redis import Redis, RedisError

QUEUES = ["default", "push", "ingress", "mailers", "pull", "scheduler", "fasp"]
state = {"quiet": False, "stop": False, "busy": 0}


def distribution(status):
    """A post goes to those who listen to the stream; in 4.7 the author's key must be readable, it signs what is sent."""
    db = migrate.connect()
    account, name, text = db.row("SELECT accounts.id, username, text FROM statuses JOIN accounts ON accounts.id = account_id "
                                 "WHERE statuses.id = %s", status)
    migrate.signing_key(db, account)
    redis = Redis()
    payload = {"id": str(status), "content": f"<p>{text}</p>", "language": None, "mentions": [], "account": {"id": str(account), "acct": name}}
    for channel in ("timeline:public", "timeline:public:local", f"timeline:{account}"):
        redis.do("PUBLISH", channel, json.dumps({"event": "update", "payload": payload}))


def sign_in(smtp, method, user, password):
    """smtplib's own login takes ASCII only."""
    def encoded(*texts):
        return base64.b64encode("\0".join(texts).encode()).decode()

    smtp.ehlo_or_helo_if_needed()
    if method == "plain":
        code, text = smtp.docmd("AUTH", "PLAIN " + encoded("", user, password))
    else:
        smtp.docmd("AUTH", "LOGIN " + encoded(user))
        code, text = smtp.docmd(encoded(password))
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, text)


def mail(to, subject, text):
    """By SMTP_*, as Action Mailer is set up in config/email.yml."""
    env = boot.env
    sender = env("SMTP_FROM_ADDRESS", "notifications@localhost")
    text = f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n{text}\r\n"
    if env("SMTP_DELIVERY_METHOD", "smtp") == "file":
        os.makedirs(boot.HOME + "/tmp/mails", exist_ok=True)
        with open(f"{boot.HOME}/tmp/mails/{to}", "a") as f:
            f.write(text)
        return
    port = int(env("SMTP_PORT", "25"))
    context = ssl.create_default_context(cafile=env("SMTP_CA_FILE", "/etc/ssl/certs/ca-certificates.crt"))
    if env("SMTP_OPENSSL_VERIFY_MODE") == "none":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    tls = "true" in (env("SMTP_SSL"), env("SMTP_TLS"))
    kind, more = (smtplib.SMTP_SSL, {"context": context}) if tls else (smtplib.SMTP, {})
    with kind(env("SMTP_SERVER", "localhost"), port, local_hostname=env("SMTP_DOMAIN", boot.domain()), timeout=20, **more) as smtp:
        smtp.ehlo()
        start = env("SMTP_ENABLE_STARTTLS", "auto")
        if not tls and (start == "always" or start == "auto" and smtp.has_extn("starttls")):
            smtp.starttls(context=context)
        if env("SMTP_AUTH_METHOD", "plain") != "none" and env("SMTP_LOGIN"):
            sign_in(smtp, env("SMTP_AUTH_METHOD", "plain"), env("SMTP_LOGIN"), env("SMTP_PASSWORD"))
        smtp.sendmail(sender.rpartition("<")[2].rstrip(">"), [to], text)


WORKERS = {"DistributionWorker": distribution, "ActionMailer::MailDeliveryJob": mail}


def failed(redis, job, error):
    """Into the set of those that are tried again, with the time as score."""
    job.update(error_message=str(error)[:300], error_class=type(error).__name__, failed_at=jobs.now_ms(),
               retry_count=job.get("retry_count", -1) + 1)
    redis.do("ZADD", "retry", time.time() + 15 + job["retry_count"] ** 4, json.dumps(job))
    redis.do("INCR", "stat:failed")
    boot.say(f"{job['class']} jid={job['jid']} fail: {type(error).__name__}")


def work(queues):
    redis = jobs.redis()
    while not state["quiet"]:
        try:
            found = redis.do("BRPOP", *("queue:" + q for q in queues), 1)
        except (RedisError, OSError) as error:
            boot.say(f"ERROR: {error}")
            time.sleep(1)
            redis = again()
            continue
        if not found:
            continue
        job = json.loads(found[1])
        state["busy"] += 1
        try:
            WORKERS.get(job["class"], lambda *_: None)(*job["args"])
            boot.say(f"{job['class']} jid={job['jid']} done")
        except (Exception, SystemExit) as error:
            failed(redis, job, error)
        finally:
            state["busy"] -= 1
            redis.do("INCR", "stat:processed")


def again():
    while True:
        try:
            return jobs.redis()
        except (RedisError, OSError):
            time.sleep(1)


def heartbeat(name, info):
    redis = jobs.redis()
    while not state["stop"]:
        try:
            redis.do("SADD", "processes", name)
            redis.do("HSET", name, "info", json.dumps(info), "busy", state["busy"], "beat", time.time(), "quiet",
                     str(state["quiet"]).lower(), "rtt_us", 100, "rss", 100000)
            redis.do("EXPIRE", name, 60)
        except (RedisError, OSError):
            redis = again()
        for _ in range(100):
            if state["stop"]:
                break
            time.sleep(0.1)
    redis.do("SREM", "processes", name)
    redis.do("DEL", name)


def queues_of(words):
    """`-q name,weight`, many times or none; weights do not matter here."""
    queues = [w.partition(",")[0] for w in words or QUEUES]
    unknown = set(queues) - set(QUEUES)
    if unknown:
        boot.abort(f"stand-in: Mastodon has no queue {', '.join(sorted(unknown))}")
    return queues


def server_is_fit(redis):
    info = dict(line.split(":", 1) for line in redis.do("INFO").split("\r\n") if ":" in line)
    if int(info["redis_version"].split(".")[0]) < 7:
        boot.abort("You are connecting to Redis " + info["redis_version"] + ", Sidekiq requires Redis 7.0.0 or greater")
    if info["maxmemory_policy"] != "noeviction":
        boot.say(f"WARNING: Your Redis instance will evict Sidekiq data under heavy load. The 'noeviction' maxmemory policy is "
                 f"recommended (current policy: '{info['maxmemory_policy']}').")


def main(words):
    parser = argparse.ArgumentParser(prog="sidekiq")
    parser.add_argument("-c", type=int, default=int(boot.env("SIDEKIQ_CONCURRENCY", "5")))
    parser.add_argument("-q", action="append")
    parser.add_argument("-t", type=int, default=25)
    given = parser.parse_args(words)
    queues = queues_of(given.q)
    boot.rails()
    try:
        redis = jobs.redis()
        server_is_fit(redis)
    except (RedisError, OSError) as error:
        boot.abort(f"{error} (RedisClient::CannotConnectError)")
    if int(boot.env("DB_POOL", str(given.c))) < given.c:
        boot.say("stand-in: DB_POOL is smaller than the number of threads")
    for queue in queues:
        redis.do("SADD", "queues", queue)
    signal.signal(signal.SIGTSTP, lambda *_: state.update(quiet=True))
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    threads = [threading.Thread(target=work, args=(queues,), daemon=True) for _ in range(min(given.c, 2))]
    name = f"{socket.gethostname()}:{os.getpid()}:{os.urandom(6).hex()}"
    info = {"hostname": socket.gethostname(), "started_at": time.time(), "pid": os.getpid(), "tag": "mastodon",
            "concurrency": given.c, "queues": queues, "labels": [], "version": "8.1.6", "embedded": False}
    beat = threading.Thread(target=heartbeat, args=(name, info), daemon=True)
    for thread in (*threads, beat):
        thread.start()
    with open(f"{boot.HOME}/tmp/{boot.env('MASTODON_SIDEKIQ_READY_FILENAME', 'sidekiq_process_has_started')}", "w"):
        pass
    boot.say(f"Running in ruby, stand-in for Mastodon {boot.VERSION}; queues {' '.join(queues)}")
    ended.wait()
    # Jobs at work may end, up to -t seconds.
    state["quiet"] = True
    for thread in threads:
        thread.join(given.t)
    state["stop"] = True
    beat.join(5)
    boot.say("Bye!")


if __name__ == "__main__":
    main(sys.argv[1:])
