"""Asks a Python library for SQLite one question of the survey: `sqlite.py LIBRARY QUESTION` prints the answer as JSON.

Both libraries open connections with `sqlite3.connect`. Here that returns a subclass, which records what runs when, and has an
SQL function with which a statement runs until the observer lets it end. Another connection sees what is committed.
"""

import asyncio
import gc
import importlib
import json
import os
import sqlite3
import sys
import tempfile
import threading
import time
import weakref

LIMIT = 180
# What has not happened after this time counts as "does not happen by itself".
GRACE = 2

# Runs until the observer lets it end.
ENDLESS = """INSERT INTO events WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE held())
             SELECT 'abandoned' FROM (SELECT count(*) FROM n)"""
ROWS = "WITH RECURSIVE abandoned(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM abandoned WHERE i < 100000) SELECT counted(i) FROM abandoned"
ALL_ROWS = 100000
INSERT = "INSERT INTO events VALUES ('abandoned')"
INSERT_2 = "INSERT INTO events VALUES ('abandoned, second')"
# A commit after it fails, because the parent does not exist.
ORPHAN = "INSERT INTO children VALUES (1) -- abandoned"
NEXT_WRITE = "INSERT INTO events VALUES ('next')"
NEXT = "SELECT count(*) FROM events"


class Call:
    """A call of `execute` on a connection, by its number."""

    def __init__(self, connection, sql):
        self.connection, self.sql, self.has_ended = connection, sql, False


class Record:
    """What the recorded connections have done."""

    def __init__(self):
        # Weak references, because a connection that no one refers to is closed.
        self.connections, self.calls = [], []
        self.is_held, self.is_running, self.rows = False, False, 0

    def held(self):
        self.is_running = True
        return self.is_held

    def counted(self, value):
        self.rows += 1
        return value

    def of(self, sql):
        """Returns the calls with this SQL, or with the SQL of the question."""
        return [call for call in self.calls if sql in call.sql]

    def has_begun(self):
        return bool(self.of("abandoned"))

    def has_ended(self):
        calls = self.of("abandoned")
        return bool(calls) and all(call.has_ended for call in calls)

    def open(self):
        """Returns the connections that are open, by their numbers."""
        connections = ((number, reference()) for number, reference in enumerate(self.connections))
        return {number: connection for number, connection in connections if connection and connection.is_open}

    def in_transaction(self):
        return any(connection.in_transaction for connection in self.open().values())

    def is_closed(self):
        return not self.open()


record = Record()
connect = sqlite3.connect


class Cursor(sqlite3.Cursor):
    def execute(self, sql, *parameters):
        call = Call(self.connection.number, sql)
        record.calls.append(call)
        try:
            return super().execute(sql, *parameters)
        finally:
            call.has_ended = True


class Connection(sqlite3.Connection):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.is_open = True
        self.create_function("held", 0, record.held)
        self.create_function("counted", 1, record.counted)
        # The default of the SQLite that the libraries in Rust compile.
        super().cursor().execute("PRAGMA foreign_keys = ON")
        self.number = len(record.connections)
        record.connections.append(weakref.ref(self))

    def cursor(self, factory=Cursor):
        return super().cursor(factory)

    def execute(self, sql, *parameters):
        return self.cursor().execute(sql, *parameters)

    def close(self):
        super().close()
        self.is_open = False


def connect_recorded(*arguments, **options):
    return connect(*arguments, factory=Connection, **options)


class Observed:
    """The database, seen over a separate connection."""

    def __init__(self, folder):
        self.file = os.path.join(folder, "survey.db")
        self.outside = connect(self.file, isolation_level=None, timeout=0)
        self.outside.executescript(
            "CREATE TABLE events (name); CREATE TABLE parents (id INTEGER PRIMARY KEY);"
            "CREATE TABLE children (parent REFERENCES parents DEFERRABLE INITIALLY DEFERRED);"
        )

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


class Gate:
    """A gate between two statements of a body."""

    def __init__(self):
        self.arrived, self.opened = asyncio.Event(), asyncio.get_running_loop().create_future()

    async def __call__(self):
        self.arrived.set()
        await self.opened


async def until(limit, holds):
    begun = time.monotonic()
    while not holds():
        if time.monotonic() - begun > limit:
            return False
        await asyncio.sleep(0.02)
    return True


async def cancel(work, limit=LIMIT):
    """Cancels a task. Returns whether it ended within the limit."""
    work.cancel()
    await asyncio.wait([work], timeout=limit)
    return work.done()


async def within(work):
    """Returns the value of some work and what its caller gets."""
    try:
        return await asyncio.wait_for(work, LIMIT), "**gets no error**"
    except asyncio.TimeoutError:
        return None, "**hangs**"
    except Exception as error:
        text = " ".join(str(error).split())
        text = text if len(text) <= 60 else text[:60].rsplit(" ", 1)[0] + " …"
        return None, f"gets an error: `{type(error).__name__}: {text}`"


async def afterwards(answer, library, observed):
    used, before = {call.connection for call in record.of("abandoned")}, len(record.calls)
    seen, caller = await within(library.number(NEXT))
    if seen is None:
        next_user = caller
    elif seen != observed.committed():
        next_user = "**sees rows that are not committed**"
    else:
        next_user = "sees nothing of it"
    by = {call.connection for call in record.calls[before:]}
    abandoned = observed.committed("abandoned")
    _, caller = await within(library.execute(NEXT_WRITE))
    if caller == "**gets no error**" and observed.committed("next") == 0:
        next_user += "; **what it writes is not committed**"
    if observed.committed("abandoned") > abandoned:
        next_user += "; **commits the abandoned rows**"
    answer["the next user"] = next_user
    if not used:
        answer["the connection"] = "was not used"
    elif used & by:
        answer["the connection"] = "is used again"
    else:
        closed = await until(GRACE, lambda: not used & record.open().keys())
        answer["the connection"] = "is closed" if closed else "**stays open**"
    _, caller = await within(library.close())
    if caller != "**gets no error**":
        closing = caller
    else:
        closing = "closes it" if await until(GRACE, record.is_closed) else "**leaves a connection open**"
    answer["`close` afterwards"] = closing
    return answer


async def after_the_end(observed):
    """Says what becomes of a statement that has been executed."""
    by_itself = await until(GRACE, lambda: not record.in_transaction())
    if observed.committed("abandoned"):
        return ", then **is committed**"
    if by_itself:
        return ", then is rolled back"
    return ", and **keeps the file locked**" if observed.is_locked() else ", and **its transaction stays open**"


async def statement(library, observed):
    record.is_held = True
    work = asyncio.create_task(library.execute(ENDLESS))
    await until(LIMIT, lambda: record.is_running)
    # The statement cannot reach its end now, and what does not happen now waits for that.
    early, stopped = await asyncio.gather(cancel(work, GRACE), until(GRACE, record.has_ended))
    record.is_held = False
    await until(LIMIT, record.has_ended)
    await asyncio.wait([work], timeout=LIMIT)
    fate = "is stopped" if stopped else "runs to its end"
    if not early:
        fate += " while the cancelled task waits"
    return await afterwards({"the statement": fate + await after_the_end(observed)}, library, observed)


async def lock(library, observed):
    await library.number(NEXT)
    observed.outside.execute("BEGIN IMMEDIATE")
    work = asyncio.create_task(library.execute(INSERT))
    await until(LIMIT, record.has_begun)
    early, stopped = await asyncio.gather(cancel(work, GRACE), until(GRACE, record.has_ended))
    observed.outside.execute("ROLLBACK")
    await until(LIMIT, record.has_ended)
    await asyncio.wait([work], timeout=LIMIT)
    fate = "stops waiting" if stopped else "waits until the lock is released"
    if not early:
        fate += " while the cancelled task waits"
    if not stopped:
        fate += ", is executed"
    return await afterwards({"the statement": fate + await after_the_end(observed)}, library, observed)


async def transaction(library, observed):
    gate = Gate()
    work = asyncio.create_task(library.transaction(INSERT, gate, INSERT_2))
    await gate.arrived.wait()
    await cancel(work)
    return await after_a_transaction({}, library, observed)


async def after_a_transaction(answer, library, observed):
    by_itself = await until(GRACE, lambda: not record.in_transaction())
    answer["the second statement"] = "**runs**" if record.of(INSERT_2) else "does not run"
    if observed.committed("abandoned"):
        answer["the transaction"] = "**is committed**"
    elif by_itself:
        answer["the transaction"] = "is rolled back"
    else:
        answer["the transaction"] = "**stays open**" + (", and **keeps the file locked**" if observed.is_locked() else "")
    return await afterwards(answer, library, observed)


async def rows(library, observed):
    gate = Gate()
    work = asyncio.create_task(library.rows(ROWS, gate))
    await gate.arrived.wait()
    before = record.rows
    await cancel(work)
    answer = await afterwards({}, library, observed)
    # Everything is closed, so what has not been read by now never will.
    if before == ALL_ROWS:
        fate = "**all rows are read** before the first is returned"
    elif record.rows == ALL_ROWS:
        fate = "**all rows are read**"
    else:
        fate = "the remaining rows are not read"
    return {"the statement": fate, **answer}


async def turn(library, observed):
    gate = Gate()
    first = asyncio.create_task(library.transaction(NEXT_WRITE, gate, NEXT_WRITE))
    await gate.arrived.wait()
    work = asyncio.create_task(library.execute(INSERT))
    # A library that has no free connection cannot begin the statement. Any other has this time.
    joins = await until(GRACE, work.done)
    ended_the_other = observed.committed("next") > 0
    connections = len(record.connections)
    await cancel(work)
    gate.opened.set_result(None)
    _, caller = await within(first)
    others = await afterwards({}, library, observed)
    if joins:
        fate = "**does not wait: it runs in the other user's transaction**"
        fate += ", **and commits it**" if ended_the_other else ""
    elif observed.committed("abandoned"):
        fate = "**is executed and committed** later"
    else:
        fate = "never runs"
    other = "succeeds" if caller == "**gets no error**" else caller
    return {"the statement": fate, "the other user": other, "connections": str(connections), **others}


async def close(library, observed):
    await library.number(NEXT)
    work = asyncio.create_task(library.close())
    await asyncio.sleep(0)  # its first step
    await cancel(work)
    closed = await until(GRACE, record.is_closed)
    return {"the connection": "is closed" if closed else "**stays open**"}


async def panic(library, observed):
    gate = Gate()
    gate.opened.set_exception(RuntimeError("an exception on purpose"))
    _, caller = await within(library.transaction(INSERT, gate, INSERT_2))
    return await after_a_transaction({"the caller": caller}, library, observed)


async def commit(library, observed):
    gate = Gate()
    gate.opened.set_result(None)
    _, caller = await within(library.transaction(INSERT, gate, ORPHAN))
    answer = await after_a_transaction({"the caller": caller}, library, observed)
    del answer["the second statement"]
    return answer


async def runtime(new_library, observed):
    """The end of `asyncio.run`, on another thread."""

    async def main():
        library = new_library()
        await library.open(observed.file)
        work = asyncio.create_task(library.execute(ENDLESS))
        await until(LIMIT, lambda: record.is_running)
        return work  # which does not end the task

    record.is_held = True
    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    await until(LIMIT, lambda: record.is_running)
    early, stopped = await asyncio.gather(
        until(GRACE, lambda: not thread.is_alive()), until(GRACE, record.has_ended)
    )
    record.is_held = False
    await until(LIMIT, record.has_ended)
    fate = "is stopped" if stopped else "runs to its end"
    if not early:
        ended = await until(GRACE, lambda: not thread.is_alive())
        fate += ", and **the end of the runtime waits** until then" if ended else ", and **the end of the runtime hangs**"
    gc.collect()  # which a program that goes on does sooner or later
    closed = await until(GRACE, record.is_closed)
    return {"the statement": fate, "the connection": "is closed" if closed else "**stays open**"}


async def main():
    name, question = sys.argv[1:]
    sqlite3.connect = connect_recorded
    library = importlib.import_module("on_" + name.lower().replace(", ", "_")).Library
    with tempfile.TemporaryDirectory() as folder:
        observed = Observed(os.path.realpath(folder))
        if question != "runtime":
            library = library()
            await library.open(observed.file)
        answer = await globals()[question](library, observed)
        print(json.dumps(list(answer.items())), flush=True)
        os._exit(0)  # a library that has left a thread in a statement must not hold the survey


asyncio.run(main())
