"""The peers in Python: candidate.py JOB PEER [key=value]...

Prints `ready`, then does a round for each line on standard input, and answers with a line of JSON.
"""

import asyncio
import gc
import json
import os
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from time import perf_counter
from typing import NamedTuple
from urllib.parse import urlsplit

import aiomysql
import aiosqlite
import asyncmy

ALL = "SELECT id, name, email, age FROM users ORDER BY id"
OLDER = "SELECT id, name, email, age FROM users WHERE age > {} ORDER BY id"
ONE = "SELECT id, name, email, age FROM users WHERE id = ?"
RUNNING = (
    "SELECT id FROM information_schema.processlist "
    "WHERE info LIKE '%FROM users%' AND id <> CONNECTION_ID()"
)

TIMES = 500
TIMEOUT = 0.1
STOP_TIMEOUT = 5

Figures = dict[str, float | None]


class User(NamedTuple):
    id: int
    name: str
    email: str
    age: int


# SQLite


async def fetch(database: str, query: str, *values: int) -> list[User]:
    async with aiosqlite.connect(database) as connection:
        async with connection.execute(query, values) as cursor:
            return [User._make(row) for row in await cursor.fetchall()]


async def two_queries(database: str) -> Figures:
    begun = perf_counter()
    both = await asyncio.gather(fetch(database, ALL), fetch(database, OLDER.format("?"), 40))
    took = perf_counter() - begun
    return {"seconds": took, "rows": sum(map(len, both))}


async def many(database: str, fetches: int) -> Figures:
    begun = perf_counter()
    query = OLDER.format("?")
    fetched = await asyncio.gather(*(fetch(database, query, 40) for _ in range(fetches)))
    took = perf_counter() - begun
    return {"seconds": took, "rows": sum(map(len, fetched))}


async def cancel(database: str) -> Figures:
    end = perf_counter() + TIMEOUT
    try:
        await asyncio.wait_for(fetch(database, ALL), TIMEOUT)
        raise RuntimeError("the query ended before it was cancelled")
    except TimeoutError:
        back = perf_counter() - end
    while is_open(database):
        await asyncio.sleep(0.001)
    return {"back": back, "closed": perf_counter() - end}


def is_open(database: str) -> bool:
    """Returns whether this process has a file open in the database's folder, which holds nothing else."""
    folder = os.path.dirname(os.path.realpath(database))
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            if os.path.dirname(os.readlink(f"/proc/self/fd/{descriptor}")) == folder:
                return True
        except FileNotFoundError:
            pass  # the one that listed the folder
    return False


async def open_row(database: str) -> Figures:
    begun = perf_counter()
    for _ in range(TIMES):
        connection = sqlite3.connect(database)
        user = User._make(connection.execute(ONE, (7,)).fetchone())
        connection.close()
        assert user.id == 7
    return {"seconds": (perf_counter() - begun) / TIMES}


# MySQL. The two libraries have the same interface. When a connection is returned, their pools send nothing: they close it
# if a transaction is open, and otherwise keep it without a reset or a ping.


class Server:
    def __init__(self, library, url: str):
        self.library = library
        parts = urlsplit(url)
        self.arguments = {
            "host": parts.hostname,
            "port": parts.port,
            "user": parts.username,
            "password": parts.password,
            "db": parts.path.lstrip("/"),
            "autocommit": True,
        }

    @asynccontextmanager
    async def pool(self, connections: int):
        async with self.library.create_pool(**self.arguments, minsize=connections, maxsize=connections) as pool:
            yield pool

    async def connection(self):
        return await self.library.connect(**self.arguments)


async def query(connection, text: str, values: tuple = ()) -> list[tuple]:
    async with connection.cursor() as cursor:
        await cursor.execute(text, values or None)
        return await cursor.fetchall()


async def fetch_over(pool, text: str, *values: int) -> list[User]:
    async with pool.acquire() as connection:
        return [User._make(row) for row in await query(connection, text, values)]


async def points(pool, tasks: int, seconds: float) -> Figures:
    count = 0
    begun = perf_counter()

    async def repeat():
        nonlocal count
        while perf_counter() - begun < seconds:
            assert len(await fetch_over(pool, OLDER.format("%s"), 70)) == 1
            count += 1

    await asyncio.gather(*(repeat() for _ in range(tasks)))
    return {"per_second": count / (perf_counter() - begun)}


async def rows(pool, tasks: int, fetches: int) -> Figures:
    left = fetches
    count = 0
    begun = perf_counter()

    async def repeat():
        nonlocal left, count
        while left > 0:
            left -= 1
            fetched = await fetch_over(pool, ALL)
            count += len(fetched)

    await asyncio.gather(*(repeat() for _ in range(tasks)))
    return {"per_second": count / (perf_counter() - begun)}


async def stop(library, pool, looks) -> Figures:
    end = perf_counter() + TIMEOUT
    try:
        await asyncio.wait_for(fetch_over(pool, ALL), TIMEOUT)
    except TimeoutError:
        back = perf_counter() - end
    else:
        raise RuntimeError("the query ended before it was cancelled")

    async def stopped() -> float | None:
        # Not under wait_for, which would lose the connection.
        while await query(looks, RUNNING):
            if perf_counter() - end > STOP_TIMEOUT:
                return None
        return perf_counter() - end

    async def select_1() -> float:
        async with pool.acquire() as connection:
            await query(connection, "SELECT 1")
        return perf_counter() - end

    async def serves() -> float | None:
        try:
            return await asyncio.wait_for(select_1(), STOP_TIMEOUT)
        except TimeoutError:
            return None

    times = await asyncio.gather(stopped(), serves())
    # The next round starts on an idle server.
    while running := await query(looks, RUNNING):
        for (number,) in running:
            try:
                await query(looks, f"KILL {number}")
            except library.OperationalError:
                pass  # it has ended
    return {"back": back, "stopped": times[0], "serves": times[1]}


async def take_and_give(pool) -> Figures:
    begun = perf_counter()
    for _ in range(TIMES):
        async with pool.acquire():
            pass
    return {"seconds": (perf_counter() - begun) / TIMES}


# The command line


async def serve(do_round: Callable[[], Awaitable[Figures]]) -> None:
    print("ready", flush=True)
    for _ in sys.stdin:
        gc.collect()
        print(json.dumps(await do_round()), flush=True)


async def main(job: str, peer: str, settings: dict[str, str]) -> None:
    match job, peer:
        case ("two-queries" | "many" | "cancel", "aiosqlite") | ("open-row", "sqlite3"):
            database = settings["database"]
            jobs = {
                "two-queries": lambda: two_queries(database),
                "many": lambda: many(database, int(settings["fetches"])),
                "cancel": lambda: cancel(database),
                "open-row": lambda: open_row(database),
            }
            if job == "two-queries":
                await two_queries(database)  # to warm up
            await serve(jobs[job])
        case "points" | "rows" | "stop" | "pool", "aiomysql" | "asyncmy":
            server = Server({"aiomysql": aiomysql, "asyncmy": asyncmy}[peer], settings["url"])
            looks = await server.connection() if job == "stop" else None
            async with server.pool(1 if job == "stop" else 10) as pool:
                jobs = {
                    "points": lambda: points(pool, int(settings["tasks"]), float(settings["seconds"])),
                    "rows": lambda: rows(pool, int(settings["tasks"]), int(settings["fetches"])),
                    "stop": lambda: stop(server.library, pool, looks),
                    "pool": lambda: take_and_give(pool),
                }
                if job == "points":
                    await points(pool, 10, 0.05)  # to warm up
                await serve(jobs[job])
        case _:
            sys.exit(f"unknown job `{job}` for `{peer}`")


if __name__ == "__main__":
    job, peer, *words = sys.argv[1:]
    try:
        asyncio.run(main(job, peer, dict(word.split("=", 1) for word in words)))
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}")
