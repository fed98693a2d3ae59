"""Runs a Python library for MySQL for the survey: `serve.py LIBRARY URL`.

Reads requests and writes results, one JSON object a line. Each request runs in a task, and `cancel` cancels it. The end of
the input ends `asyncio.run`, which cancels what still runs.
"""

import asyncio
import json
import sys
from urllib.parse import urlsplit


class Gate:
    """A gate between two steps of a request."""

    def __init__(self, say):
        self.opened = asyncio.get_running_loop().create_future()
        self.say = say

    async def pass_(self):
        self.say(arrived=True)
        await self.opened


class Pool:
    """aiomysql and asyncmy have the same interface."""

    def __init__(self, module, cursors):
        self.module, self.cursors = module, cursors

    async def open(self, url):
        url = urlsplit(url)
        self.pool = await self.module.create_pool(
            host=url.hostname, port=url.port, user=url.username, password=url.password,
            db=url.path[1:], minsize=1, maxsize=1, autocommit=True,
        )

    async def users(self, gate):
        async with self.pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute("SELECT id, name, email, age FROM users ORDER BY id")
            return len(await cursor.fetchall())

    async def number(self, gate, sql):
        async with self.pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(sql)
            return (await cursor.fetchone())[0]

    async def execute(self, gate, sql):
        async with self.pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(sql)

    async def transaction(self, gate, first, second):
        async with self.pool.acquire() as connection:
            await connection.begin()
            try:
                async with connection.cursor() as cursor:
                    await cursor.execute(first)
                    await gate.pass_()
                    await cursor.execute(second)
                await connection.commit()
            except BaseException:
                await connection.rollback()
                raise

    async def rows(self, gate, sql):
        async with self.pool.acquire() as connection, connection.cursor(self.cursors.SSCursor) as cursor:
            await cursor.execute(sql)
            count = 0
            while await cursor.fetchone() is not None:
                count += 1
                if count == 1:
                    await gate.pass_()
            return count

    async def close(self, gate):
        self.pool.close()
        await self.pool.wait_closed()


def library(name):
    if name == "aiomysql":
        import aiomysql as module
    else:
        import asyncmy as module
    cursors = __import__(f"{name}.cursors").cursors
    return Pool(module, cursors)


async def main():
    name, url = sys.argv[1:]
    pool = library(name)
    await pool.open(url)
    requests, loop = {}, asyncio.get_running_loop()
    print(json.dumps({"ready": True}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        request = json.loads(line)
        number, what = request["id"], request["do"]
        if what == "cancel":
            requests[number][0].cancel()
        elif what == "open":
            requests[number][1].opened.set_result(None)
        elif what == "raise":
            requests[number][1].opened.set_exception(RuntimeError("an exception on purpose"))
        else:
            requests[number] = start(pool, number, what, request["sql"])


def start(pool, number, what, sql):
    def say(**result):
        print(json.dumps({"id": number, **result}), flush=True)

    async def run():
        try:
            say(ok=await getattr(pool, what)(gate, *sql))
        except asyncio.CancelledError:
            say(cancelled=True)
        except Exception as error:
            say(error=f"{type(error).__name__}: {error}")

    gate = Gate(say)
    return asyncio.create_task(run()), gate


asyncio.run(main())
