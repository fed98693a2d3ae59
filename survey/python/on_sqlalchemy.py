"""SQLAlchemy's asyncio extension over aiosqlite: a pool."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


class Library:
    async def open(self, file):
        self.engine = create_async_engine(f"sqlite+aiosqlite:///{file}", pool_size=1, max_overflow=0)

    async def number(self, sql):
        async with self.engine.connect() as connection:
            return (await connection.execute(text(sql))).scalar_one()

    async def execute(self, sql):
        async with self.engine.begin() as connection:
            await connection.execute(text(sql))

    async def transaction(self, first, gate, second):
        async with self.engine.begin() as connection:
            await connection.execute(text(first))
            await gate()
            await connection.execute(text(second))

    async def rows(self, sql, gate):
        count = 0
        async with self.engine.connect() as connection:
            async for _ in await connection.stream(text(sql)):
                count += 1
                if count == 1:
                    await gate()
        return count

    async def close(self):
        await self.engine.dispose()
