#!/usr/bin/python3
"""Sidekiq 7: takes jobs from diaspora*'s queues, shows its heartbeat in Redis, keeps what failed."""
import json
import os
import random
import signal
import socket
import sys
import threading
import time

import boot
import rake
from redis import Redis, RedisError

QUEUES = ["urgent", "high", "medium", "low", "default"]
CRON = ["check_birthday", "clean_cached_files", "cleanup_old_exports", "cleanup_pending_photos", "queue_users_for_removal",
        "recheck_scheduled_pods", "recurring_pod_check"]
state = {"quiet": False, "stop": False, "busy": 0}


def deferred_dispatch(sender, kind, number, _options):
    """A post goes to those who follow its author: here nobody does."""
    db = rake.connect()
    if kind != "StatusMessage" or not db.one("SELECT 1 FROM posts WHERE id = %s AND author_id IN "
                                             "(SELECT id FROM people WHERE owner_id = %s)", number, sender):
        raise ValueError("ActiveRecord::RecordNotFound")


KINDS = {"Workers::DeferredDispatch": deferred_dispatch}


def run(redis, text):
    job = json.loads(text)
    state["busy"] += 1
    try:
        KINDS[job["class"]](*job["args"])
        boot.say(f"class={job['class']} jid={job['jid']}: done")
    except Exception as error:
        boot.say(f"class={job['class']} jid={job['jid']}: fail: {error!r}")
        redis.do("INCR", "stat:failed")
        job.update(error_class=type(error).__name__, error_message=str(error), failed_at=time.time(), retry_count=0)
        redis.do("ZADD", "retry", time.time() + 25, json.dumps(job))
    redis.do("INCR", "stat:processed")
    state["busy"] -= 1


def work():
    redis = Redis()
    while not state["quiet"]:
        found = redis.do("BRPOP", *("queue:" + q for q in QUEUES), 1)
        if found:
            run(redis, found[1])


def heartbeat(name, info):
    redis = Redis()
    while not state["stop"]:
        redis.do("SADD", "processes", name)
        redis.do("HSET", name, "info", json.dumps(info), "busy", state["busy"], "beat", time.time(), "quiet",
                 "true" if state["quiet"] else "false", "rtt_us", 100, "rss", 100000)
        redis.do("EXPIRE", name, 60)
        time.sleep(0.5)
    redis.do("SREM", "processes", name)
    redis.do("DEL", name)


def server_is_fit(redis):
    info = dict(line.split(":", 1) for line in redis.do("INFO").split("\r\n") if ":" in line)
    if tuple(map(int, info["redis_version"].split(".")[:2])) < (6, 2):
        boot.abort(f"You are connecting to Redis {info['redis_version']}, Sidekiq requires Redis 6.2.0 or greater")
    if info["maxmemory_policy"] != "noeviction":
        boot.say("WARNING: Your Redis instance will evict Sidekiq data under heavy load.")


def main(words):
    if words:
        boot.abort("stand-in: its settings are in config/sidekiq.yml")
    boot.rails()
    with open(boot.HOME + "/config/schedule.yml", "w") as f:
        f.write("".join(f"{name}: {{cron: '{random.randrange(60)} {random.randrange(24)} * * *'}}\n" for name in CRON))
    try:
        redis = Redis()
        server_is_fit(redis)
    except (RedisError, OSError) as error:
        boot.abort(f"{error} (RedisClient::CannotConnectError)")
    concurrency = int(boot.get("environment.sidekiq.concurrency"))
    if int(boot.config["pool"]) < concurrency:
        boot.abort("stand-in: the pool of connections is smaller than the number of threads")
    for name in CRON:
        redis.do("SADD", "cron_jobs", "cron_job:default:" + name)
    ended = threading.Event()
    signal.signal(signal.SIGTSTP, lambda *_: state.update(quiet=True))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    name = f"{socket.gethostname()}:{os.getpid()}:{os.urandom(6).hex()}"
    info = {"hostname": socket.gethostname(), "started_at": time.time(), "pid": os.getpid(), "tag": "diaspora",
            "concurrency": concurrency, "queues": QUEUES, "labels": [], "version": "7.3.10", "embedded": False}
    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(concurrency, 2))]
    beat = threading.Thread(target=heartbeat, args=(name, info), daemon=True)
    for thread in (*threads, beat):
        thread.start()
    boot.say(f"Running in ruby, stand-in for diaspora* {boot.VERSION}")
    ended.wait()
    state["quiet"] = True
    for thread in threads:
        thread.join(25)
    state["stop"] = True
    beat.join(5)
    boot.say("Bye!")


if __name__ == "__main__":
    main(sys.argv[1:])
