"""aiosqlite: one connection with a thread."""

import aiosqlite


class Library:
    async def open(self, file):
        self.connection = await aiosqlite.connect(file)

    async def number(self, sql):
        async with self.connection.execute(sql) as cursor:
            return (await cursor.fetchone())[0]

    async def execute(self, sql):
        await self.connection.execute(sql)
        await self.connection.commit()

    async def transaction(self, first, gate, second):
        try:
            await self.connection.execute(first)
            await gate()
            await self.connection.execute(second)
            await self.connection.commit()
        except BaseException:
            await self.connection.rollback()
            raise

    async def rows(self, sql, gate):
        count = 0
        async with self.connection.execute(sql) as cursor:
            async for _ in cursor:
                count += 1
                if count == 1:
                    await gate()
        return count

    async def close(self):
        await self.connection.close()
