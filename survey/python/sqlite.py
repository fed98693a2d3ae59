"""Asks a Python library for SQLite one question of the survey: `sqlite.py LIBRARY QUESTION` prints the answer as JSON.

Python's SQLite is not recorded, so the answers come from another connection (what is committed, and whether the file is
locked) and from the process's open files.
"""

import asyncio
import importlib
import json
import os
import sqlite3
import sys
import tempfile
import time

LIMIT, GRACE = 180, 2

# Some seconds of work, and then a row.
LONG = """INSERT INTO events WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000000)
          SELECT 'abandoned' FROM (SELECT count(*) FROM n)"""
INSERT = "INSERT INTO events VALUES ('abandoned')"
NEXT_WRITE = "INSERT INTO events VALUES ('next')"
NEXT = "SELECT count(*) FROM events"


class Observed:
    """The database, seen over a separate connection."""

    def __init__(self, folder):
        self.file = os.path.join(folder, "survey.db")
        self.outside = sqlite3.connect(self.file, isolation_level=None, timeout=0)
        self.outside.execute("CREATE TABLE events (name)")

    def committed(self, name=""):
        sql = "SELECT count(*) FROM events WHERE name LIKE ? || '%'"
        return self.outside.execute(sql, [name]).fetchone()[0]

    def is_locked(self):
        try:
            self.outside.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        self.outside.execute("ROLLBACK")
        return False

    def open_files(self):
        """Returns how often the process has the database open, without the observer."""
        links = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
        return sum(os.path.exists(link) and os.path.realpath(link) == self.file for link in links) - 1

    async def until(self, limit, holds):
        begun = time.monotonic()
        while not holds():
            if time.monotonic() - begun > limit:
                return False
            await asyncio.sleep(0.02)
        return True


async def cancel(work):
    work.cancel()
    try:
        await asyncio.wait_for(asyncio.shield(work), LIMIT)
    except (asyncio.CancelledError, Exception):
        pass


async def within(work):
    try:
        return await asyncio.wait_for(work, LIMIT), None
    except asyncio.TimeoutError:
        return None, "**hangs**"
    except Exception as error:
        text = " ".join(str(error).split())
        return None, f"gets an error: `{type(error).__name__}: {text[:60]}`"


async def afterwards(answer, library, observed):
    seen, error = await within(library.number(NEXT))
    if error:
        next_user = error
    elif seen != observed.committed():
        next_user = "**sees rows that are not committed**"
    else:
        next_user = "sees nothing of it"
    abandoned = observed.committed("abandoned")
    _, error = await within(library.execute(NEXT_WRITE))
    if not error and observed.committed("next") == 0:
        next_user += "; **what it writes is not committed**"
    if observed.committed("abandoned") > abandoned:
        next_user += "; **commits the abandoned rows**"
    answer["the next user"] = next_user
    answer["the connection"] = "is used again" if observed.open_files() == 1 else "**another is open**"
    _, error = await within(library.close())
    if error:
        closing = error
    elif await observed.until(GRACE, lambda: observed.open_files() == 0):
        closing = "closes it"
    else:
        closing = "**leaves a connection open**"
    answer["`close` afterwards"] = closing
    return answer


async def statement(library, observed):
    work = asyncio.create_task(library.execute(LONG))
    await observed.until(LIMIT, observed.is_locked)  # a statement that writes has begun
    begun = time.monotonic()
    await cancel(work)
    waits = time.monotonic() - begun > GRACE / 2
    await observed.until(GRACE * 5, lambda: not observed.is_locked())
    locked = observed.is_locked()
    file = observed.committed("abandoned")
    if file:
        fate = "**is executed and committed**"
    elif locked:
        fate = "runs to its end, and **keeps the file locked**"
    elif waits:
        fate = "runs to its end while the cancelled task waits, then is rolled back"
    else:
        fate = "is stopped"
    return await afterwards({"the statement": fate}, library, observed)


async def lock(library, observed):
    await library.number(NEXT)
    observed.outside.execute("BEGIN IMMEDIATE")
    work = asyncio.create_task(library.execute(INSERT))
    await asyncio.sleep(GRACE / 4)  # nothing outside shows that it waits
    asyncio.get_running_loop().call_later(GRACE, observed.outside.execute, "ROLLBACK")
    await cancel(work)
    await observed.until(LIMIT, lambda: not observed.outside.in_transaction)
    await asyncio.sleep(GRACE / 2)
    if observed.committed("abandoned"):
        fate = "waits until the lock is released, then **is executed and committed**"
    elif observed.is_locked():
        fate = "waits until the lock is released, is executed, and **keeps the file locked**"
    else:
        fate = "changes nothing"
    return await afterwards({"the statement": fate}, library, observed)


async def transaction(library, observed):
    arrived, is_open = asyncio.Event(), asyncio.Event()

    async def gate():
        arrived.set()
        await is_open.wait()

    work = asyncio.create_task(library.transaction(INSERT, gate, INSERT))
    await arrived.wait()
    await cancel(work)
    ended = await observed.until(GRACE, lambda: not observed.is_locked())
    if observed.committed("abandoned"):
        fate = "**is committed**"
    else:
        fate = "is rolled back" if ended else "**stays open**, and **keeps the file locked**"
    answer = {"the second statement": "does not run", "the transaction": fate}
    return await afterwards(answer, library, observed)


async def turn(library, observed):
    arrived, is_open = asyncio.Event(), asyncio.Event()

    async def gate():
        arrived.set()
        await is_open.wait()

    first = asyncio.create_task(library.transaction(NEXT_WRITE, gate, NEXT_WRITE))
    await arrived.wait()
    work = asyncio.create_task(library.execute(INSERT))
    await asyncio.sleep(GRACE / 4)
    done = work.done()
    await cancel(work)
    is_open.set()
    _, error = await within(first)
    await asyncio.sleep(GRACE / 4)
    if done:
        fate = "**does not wait: it joins the other user's transaction**"
    elif observed.committed("abandoned"):
        fate = "**is executed and committed** later"
    else:
        fate = "never runs"
    answer = {"the statement": fate, "the other user": error or "succeeds"}
    return await afterwards(answer, library, observed)


async def close(library, observed):
    await library.number(NEXT)
    work = asyncio.create_task(library.close())
    await asyncio.sleep(0)
    await cancel(work)
    closed = await observed.until(GRACE, lambda: observed.open_files() == 0)
    return {"the connection": "is closed" if closed else "**stays open**"}


async def main():
    name, question = sys.argv[1:]
    library = importlib.import_module(f"on_{name.lower()}").Library()
    with tempfile.TemporaryDirectory() as folder:
        observed = Observed(os.path.realpath(folder))
        await library.open(observed.file)
        answer = await globals()[question](library, observed)
        print(json.dumps(list(answer.items())), flush=True)
        os._exit(0)  # a library that has left a thread in a statement must not hold the survey


asyncio.run(main())
