"""Sidekiq's jobs in Redis, as its clients and its server write them (version 7)."""
import json
import os
import time

from redis import Redis


def push(kind, *args, queue="default"):
    redis = Redis()
    job = {"retry": 10, "queue": queue, "backtrace": 15, "class": kind, "args": list(args), "jid": os.urandom(12).hex(),
           "created_at": time.time(), "enqueued_at": time.time()}
    redis.do("SADD", "queues", queue)
    redis.do("LPUSH", "queue:" + queue, json.dumps(job))
    return job["jid"]
