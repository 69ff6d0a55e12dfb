"""Sidekiq's jobs in Redis, as its clients and its server write them (version 8)."""
import json
import os
import time

from redis import Redis


def redis():
    return Redis("SIDEKIQ_")


def now_ms():
    return int(time.time() * 1000)


def push(kind, *args, queue="default", connection=None):
    connection = connection or redis()
    job = {"retry": True, "queue": queue, "class": kind, "args": list(args), "jid": os.urandom(12).hex(),
           "created_at": now_ms(), "enqueued_at": now_ms()}
    connection.do("SADD", "queues", queue)
    connection.do("LPUSH", "queue:" + queue, json.dumps(job))
    return job["jid"]
