#!/usr/bin/env python3
"""Tries what the lessons say of Python, against the Python that runs this.

Each claim is a function. Its docstring has the words of the lesson, or of an example, which must stand there. The Python
snippets of the lessons run, too, on a database with the sample; those that need a package (```python aiosqlite) are only parsed. There
is nothing here but the standard library, and no clock: what has to happen first is waited for.
"""

import asyncio
import contextlib
import faulthandler
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
LESSONS = [
    ROOT / task / "README.md"
    for task in ("0-databaseconnection", "1-execute", "2-concurrent", "3-mysql-pool")
]
DEADLINE = 60  # seconds, which only a failure reaches

claims = []


def claim(function):
    claims.append(function)
    return function


# Task 0


@claim
def a_closed_connection_is_found_out_when_it_is_used():
    """The same mistake in Python raises `ProgrammingError` when it runs."""
    connection = connect()
    connection.close()
    raises(sqlite3.ProgrammingError, lambda: connection.execute("SELECT 1"))


@claim
def an_exit_can_raise():
    """Python's `__exit__` can raise, but"""

    class Manager:
        def __enter__(self):
            pass

        def __exit__(self, kind, error, traceback):
            raise OSError("of the close")

    def block():
        with Manager():
            pass

    raises(OSError, block)


@claim
def an_exit_sees_the_exception_and_may_swallow_it():
    """Python's `__exit__` receives the exception, and suppresses it by returning a true"""
    seen = []

    class Manager:
        def __init__(self, answer):
            self.answer = answer

        def __enter__(self):
            pass

        def __exit__(self, kind, error, traceback):
            seen.append(error)
            return self.answer

    reason = ValueError("of the body")

    def block(answer):
        with Manager(answer):
            raise reason

    block("any true value")
    for answer in (False, None):
        raises(ValueError, lambda: block(answer))
    assert seen == [reason, reason, reason]


@claim
def the_with_of_sqlite3_is_a_transaction_and_does_not_close():
    """Python's `with sqlite3.connect("users.db") as connection` commits or rolls back, but does not close: after the block the
    connection still works."""
    with connect() as connection:
        connection.execute("UPDATE users SET age = 99 WHERE id = 1")
    assert connection.execute("SELECT 1").fetchone() == (1,)
    assert ages_of(1) == 99

    def block():
        with connection:
            connection.execute("UPDATE users SET age = 1 WHERE id = 1")
            raise ValueError

    raises(ValueError, block)
    assert ages_of(1) == 99
    assert connection.execute("SELECT 1").fetchone() == (1,)
    connection.close()


@claim
def sys_exit_runs_the_exits_and_os_exit_does_not():
    """In Python `sys.exit()` raises `SystemExit`, so every `__exit__` runs on the"""
    program = """
import os, sys
class Manager:
    def __enter__(self): pass
    def __exit__(self, kind, error, traceback): print(kind and kind.__name__, flush=True)
with Manager():
    with Manager():
        {}
"""
    for way_out, printed in (("sys.exit()", "SystemExit\nSystemExit\n"), ("os._exit(0)", "")):
        ended = subprocess.run([sys.executable, "-c", program.format(way_out)], capture_output=True, text=True)
        assert (ended.returncode, ended.stdout) == (0, printed), ended


# Task 1


@claim
def an_enter_that_raises_is_not_exited():
    """If `execute` raises inside `__enter__`, `__exit__` is not called, and the connection stays open."""
    exited = []

    class Manager:
        def __enter__(self):
            self.connection = connect()
            return self.connection.execute("SELECT * FROM nobody")

        def __exit__(self, kind, error, traceback):
            exited.append(self)

    manager = Manager()

    def block():
        with manager:
            pass

    raises(sqlite3.OperationalError, block)
    assert not exited
    assert manager.connection.execute("SELECT 1").fetchone() == (1,)
    manager.connection.close()


@claim
def a_cursor_outlives_its_connection_and_fails():
    """In Python such a body runs, and the first use of the cursor outside the block raises `ProgrammingError`, because the database is closed."""
    with contextlib.closing(connect()) as connection:
        cursor = connection.execute("SELECT * FROM users")
    error = raises(sqlite3.ProgrammingError, cursor.fetchone)
    assert "closed" in str(error), error


@claim
def an_exit_stack_closes_the_last_first():
    """Python's `ExitStack` closes the last first"""
    closed = []
    with contextlib.ExitStack() as stack:
        for number in (1, 2, 3):
            stack.callback(closed.append, number)
    assert closed == [3, 2, 1]


@claim
def a_generator_is_entered_once():
    """a second `with` on it raises."""

    @contextlib.contextmanager
    def manager():
        yield

    once = manager()
    with once:
        pass

    def block():
        with once:
            pass

    raises(Exception, block)


@claim
def a_generator_without_finally_stops_at_its_yield():
    """Without `try` and `finally`, a `@contextmanager` stops at its `yield` when the body raises."""
    log = []

    @contextlib.contextmanager
    def without():
        yield
        log.append("without")

    @contextlib.contextmanager
    def with_finally():
        try:
            yield
        finally:
            log.append("with finally")

    def block(manager):
        with manager():
            raise ValueError

    raises(ValueError, lambda: block(without))
    raises(ValueError, lambda: block(with_finally))
    assert log == ["with finally"]
    with without():
        pass
    assert log == ["with finally", "without"]


@claim
def of_two_exceptions_that_of_the_exit_wins():
    """If the body raises and `__exit__` raises after it, Python raises the exception of `__exit__`, with the body's as its `__context__`."""

    class Manager:
        def __enter__(self):
            pass

        def __exit__(self, kind, error, traceback):
            raise OSError("of the close")

    reason = ValueError("of the body")

    def block():
        with Manager():
            raise reason

    assert raises(OSError, block).__context__ is reason


@claim
def a_change_without_a_commit_is_lost():
    """Python's `sqlite3` begins a transaction before an `INSERT`, `UPDATE` or `DELETE`, and closing without `commit()` loses the
    change."""
    changes = (
        "UPDATE users SET age = 7 WHERE id = 2",
        "DELETE FROM users WHERE id = 2",
        "INSERT INTO users (name, email, age) VALUES ('Zoe', 'zoe@example.com', 1)",
    )

    def table():
        with contextlib.closing(connect()) as connection:
            return connection.execute("SELECT * FROM users ORDER BY id").fetchall()

    before = table()
    for change in changes:
        with contextlib.closing(connect()) as connection:
            assert not connection.in_transaction
            connection.execute(change)
            assert connection.in_transaction
        assert table() == before


@claim
def foreign_keys_are_off_until_they_are_switched_on():
    """In Python's `sqlite3` and in the `sqlite3` shell they are off until `PRAGMA foreign_keys = ON`."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        "CREATE TABLE teams (id INTEGER PRIMARY KEY);"
        "CREATE TABLE members (team REFERENCES teams);"
        "INSERT INTO teams VALUES (1), (2);"
        "INSERT INTO members VALUES (1), (2)"
    )
    assert connection.execute("DELETE FROM teams WHERE id = 1").rowcount == 1
    connection.commit()
    connection.execute("PRAGMA foreign_keys = ON")
    raises(sqlite3.IntegrityError, lambda: connection.execute("DELETE FROM teams WHERE id = 2"))


@claim
def what_is_bound_stays_a_value():
    """A value that is written into the query's text becomes SQL."""
    hostile = "nobody' OR '1' = '1"
    with contextlib.closing(connect()) as connection:
        bound = connection.execute("SELECT * FROM users WHERE name = ?", (hostile,)).fetchall()
        spliced = connection.execute(f"SELECT * FROM users WHERE name = '{hostile}'").fetchall()
    assert (len(bound), len(spliced)) == (0, 12)


@claim
def the_number_of_values_must_be_right():
    """In both languages, too few or too many values are an error. Two statements in one query are an error as well."""
    with contextlib.closing(connect()) as connection:
        for values in ((), (1, 2)):
            raises(sqlite3.ProgrammingError, lambda: connection.execute("SELECT ?", values))
        # `sqlite3.Warning` before Python 3.12, `sqlite3.ProgrammingError` from then on.
        raises((sqlite3.Warning, sqlite3.Error), lambda: connection.execute("SELECT 1; SELECT 2"))


# Task 2


@claim
def a_coroutine_is_inert():
    """it starts when it is awaited, or when `create_task` or `gather` wraps it in an asyncio task."""
    begun = []

    async def work(name):
        begun.append(name)

    async def main():
        awaited, spawned, gathered = work("awaited"), work("spawned"), work("gathered")
        await asyncio.sleep(0)
        assert begun == []
        await awaited
        assert begun == ["awaited"]
        task = asyncio.create_task(spawned)
        both = asyncio.gather(gathered)
        await asyncio.sleep(0)  # not awaited, and yet
        assert begun == ["awaited", "spawned", "gathered"]
        await task
        await both

    asyncio.run(main())


@claim
def two_awaits_in_a_row_are_one_after_the_other_and_gather_is_two_tasks():
    """In both languages, two awaits in a row run one after the other."""
    log = []

    async def work(name):
        for step in (1, 2):
            log.append((name, step, asyncio.current_task()))
            await asyncio.sleep(0)

    async def main():
        await work("a")
        await work("b")
        assert [entry[:2] for entry in log] == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
        assert len({task for _, _, task in log}) == 1
        log.clear()
        await asyncio.gather(work("a"), work("b"))
        assert [entry[:2] for entry in log] == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]
        assert len({task for _, _, task in log} | {asyncio.current_task()}) == 3

    asyncio.run(main())


@claim
def a_cancelled_task_runs_on():
    """`CancelledError` is raised at the await where the coroutine waits."""
    log = []

    class Manager:
        async def __aenter__(self):
            pass

        async def __aexit__(self, kind, error, traceback):
            await asyncio.sleep(0)
            log.append(kind)

    async def work():
        try:
            async with Manager():
                try:
                    await asyncio.Event().wait()
                    log.append("after the await")
                finally:
                    await asyncio.sleep(0)
                    log.append("finally")
        except asyncio.CancelledError:
            log.append("caught")
        await asyncio.sleep(0)
        return "went on"

    async def main():
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        assert await task == "went on"
        assert log == ["finally", asyncio.CancelledError, "caught"]

    asyncio.run(main())


@claim
def a_thread_hears_nothing_of_a_cancelled_task():
    """if you cancel an asyncio task that awaits `asyncio.to_thread`, the thread continues."""
    begun, may_go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work():
        begun.set()
        may_go_on.wait(DEADLINE)
        ended.set()

    async def main():
        task = asyncio.create_task(asyncio.to_thread(work))
        while not begun.is_set():
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled() and not ended.is_set()
        may_go_on.set()

    asyncio.run(main())
    assert ended.wait(DEADLINE)


@claim
def gather_leaves_the_other_task_running():
    """`gather` raises the first exception immediately, and the other coroutine continues."""

    async def fail():
        raise ValueError

    async def main():
        may_end = asyncio.Event()
        other = asyncio.create_task(may_end.wait())
        try:
            await asyncio.gather(fail(), other)
            raise AssertionError("it did not raise")
        except ValueError:
            pass
        assert not other.done()
        may_end.set()
        assert await other

    asyncio.run(main())


@claim
def a_task_group_cancels_the_other_and_waits():
    """`TaskGroup` cancels the other coroutine and waits for it."""
    log = []

    async def fail():
        raise ValueError

    async def other():
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            log.append("cleaned up")

    async def main():
        try:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(other())
                group.create_task(fail())
        except* ValueError:
            log.append("raised")
        assert task.cancelled()
        assert log == ["cleaned up", "raised"]

    asyncio.run(main())


# Task 3


@claim
def a_second_cancel_interrupts_the_release():
    """But a second `cancel` interrupts this `await` like any other."""
    log = []

    class Manager:
        def __init__(self, release):
            self.release = release

        async def __aenter__(self):
            pass

        async def __aexit__(self, kind, error, traceback):
            log.append("releasing")
            await self.release.wait()
            log.append("released")

    async def work(release):
        async with Manager(release):
            await asyncio.Event().wait()

    async def main(second_cancel):
        release = asyncio.Event()
        task = asyncio.create_task(work(release))
        await asyncio.sleep(0)
        task.cancel()
        while "releasing" not in log:
            await asyncio.sleep(0)
        if second_cancel:
            task.cancel()
        else:
            release.set()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()

    asyncio.run(main(False))
    assert log == ["releasing", "released"]
    log.clear()
    asyncio.run(main(True))
    assert log == ["releasing"]


@claim
def run_waits_for_the_tasks_that_it_cancels():
    """When `asyncio.run` ends, it cancels the remaining asyncio tasks and waits for them, without a time limit."""
    log, kept = [], []

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(10_000):
                await asyncio.sleep(0)
            log.append("released")

    async def main():
        kept.append(asyncio.create_task(work()))  # the loop alone would not keep it alive
        await asyncio.sleep(0)
        log.append("main has ended")

    asyncio.run(main())
    assert log == ["main has ended", "released"]


# The examples


@claim
def a_lock_is_released_and_the_next_thread_learns_nothing():
    """Python's `with` releases the lock as well, but the next thread does not learn that the change is incomplete."""
    lock = threading.Lock()

    def block():
        with lock:
            raise ValueError

    raises(ValueError, block)
    assert not lock.locked()
    with lock:
        pass


@claim
def a_closed_file_is_still_there():
    """`file` still exists after its block, but is closed: writing to it raises `ValueError`."""
    with open("note.txt", "w") as file:
        file.write("closed by itself\n")
    assert file.closed
    raises(ValueError, lambda: file.write("more"))


@claim
def create_task_begins_at_the_next_await():
    """starts at the next await."""
    begun = []

    async def work(name):
        begun.append(name)
        await asyncio.sleep(0)

    async def main():
        task = asyncio.create_task(work("Bob"))
        assert begun == []
        await work("Alice")
        assert begun == ["Alice", "Bob"]
        await task

    asyncio.run(main())


@claim
def an_async_with_needs_async_methods():
    """which is a TypeError: 'async with' received an object from `__aenter__` that does not implement `__await__`."""

    class Manager:
        def __aenter__(self):
            pass

        def __aexit__(self, kind, error, traceback):
            pass

    async def main():
        async with Manager():
            pass

    assert "__aenter__" in str(raises(TypeError, lambda: asyncio.run(main())))


@claim
def run_needs_an_argument():
    """they call `asyncio.run()` without its argument `main`"""
    assert "'main'" in str(raises(TypeError, asyncio.run))


@claim
def a_plain_with_may_stand_around_awaits():
    """(In Python a plain `with` is enough.)"""
    log = []

    class Manager:
        def __enter__(self):
            pass

        def __exit__(self, kind, error, traceback):
            log.append(kind)

    async def work():
        with Manager():
            await asyncio.Event().wait()

    async def main():
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert log == [asyncio.CancelledError]


# What they have in common


def connect():
    return sqlite3.connect("users.db")


def ages_of(id):
    with contextlib.closing(connect()) as connection:
        return connection.execute("SELECT age FROM users WHERE id = ?", (id,)).fetchone()[0]


def raises(kind, function):
    try:
        function()
    except kind as error:
        return error
    raise AssertionError(f"it raised no {kind}")


@contextlib.contextmanager
def in_a_folder_with_the_sample():
    """The twelve users as task 0 prints them, in `users.db` in the current folder."""
    lines = (ROOT / "0-databaseconnection/expected.txt").read_text(encoding="utf-8").splitlines()
    users = [re.split(r"\s{2,}", line.strip()) for line in lines if line.strip()[:1].isdigit()]
    assert len(users) == 12, users
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            with contextlib.closing(connect()) as connection, connection:
                connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT UNIQUE, age INTEGER)")
                connection.executemany("INSERT INTO users VALUES (?, ?, ?, ?)", users)
            yield
        finally:
            os.chdir(before)


def main():
    if sys.version_info < (3, 11):
        print(f"{sys.argv[0]}: not run, because it needs Python 3.11 and this is {sys.version.split()[0]}")
        return
    faulthandler.dump_traceback_later(DEADLINE, exit=True)

    texts = {lesson: lesson.read_text(encoding="utf-8") for lesson in LESSONS}
    examples = [example.read_text(encoding="utf-8") for example in sorted(ROOT.glob("*/examples/*.rs"))]
    comments = re.findall(r"^//! ?(.*)$", "\n".join(examples), re.MULTILINE)
    squeezed = " ".join(" ".join([*texts.values(), *comments]).split())
    for function in claims:
        words = " ".join(function.__doc__.split())
        assert words in squeezed, f"{function.__name__}: no lesson or example says {words!r}"
        with in_a_folder_with_the_sample():
            function()

    ran = parsed = 0
    for lesson, text in texts.items():
        for needs, snippet in re.findall(r"^```python *([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            name = str(lesson.relative_to(ROOT))
            code = compile(snippet, name, "exec")
            if needs:
                parsed += 1
                continue
            with in_a_folder_with_the_sample():
                exec(code, {"__name__": "__main__"})
            ran += 1
    assert (ran, parsed) == (2, 2), (ran, parsed)

    version = sys.version.split()[0]
    print(f"Python {version}: {len(claims)} claims of the lessons hold, {ran} snippets ran, {parsed} were parsed")


if __name__ == "__main__":
    main()
