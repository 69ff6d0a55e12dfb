"""TAP, as tests/lib/tap.sh writes it, for tests whose servers and clients are in Python."""
import sys

count = bad = 0


def ok(good, name, *seen):
    global count, bad
    count += 1
    bad += not good
    print(f"{'ok' if good else 'not ok'} {count} - {name}")
    if not good:
        print("#", *seen)


def done():
    print(f"1..{count}")
    sys.exit(bad > 0)
