"""What Python's `with sqlite3.connect(...)` does and does not do. The Rust side of it is transaction.rs."""

import sqlite3
import sys
from contextlib import closing

database = sys.argv[1]


def report(what, connection):
    users = sqlite3.connect(database).execute("SELECT count(*) FROM users").fetchone()[0]
    try:
        connection.execute("SELECT 1")
        print(f"{what}: {users} committed, connection open")
    except sqlite3.ProgrammingError:
        print(f"{what}: {users} committed, connection closed")


sqlite3.connect(database).execute("CREATE TABLE users (name TEXT UNIQUE)")

with sqlite3.connect(database) as connection:
    connection.execute("INSERT INTO users VALUES ('Alice')")
report("after a body that succeeds", connection)

try:
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO users VALUES ('Bob')")
        connection.execute("INSERT INTO users VALUES ('Alice')")
except sqlite3.IntegrityError as error:
    print(error)
report("after a body that fails", connection)

connection.close()
report("after close()", connection)

with closing(sqlite3.connect(database)) as connection, connection:
    connection.execute("INSERT INTO users VALUES ('Carol')")
report("after closing()", connection)
