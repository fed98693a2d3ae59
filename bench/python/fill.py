"""Fills a new SQLite file with the users of a CSV file, and writes it to the disk: fill.py CSV DATABASE."""

import csv
import sqlite3
import sys

source, database = sys.argv[1:]
connection = sqlite3.connect(database, isolation_level=None)
connection.executescript(
    """
    PRAGMA journal_mode = OFF;
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, age INTEGER NOT NULL);
    BEGIN;
    """
)
with open(source, newline="", encoding="utf-8") as file:
    connection.executemany("INSERT INTO users VALUES (?, ?, ?, ?)", csv.reader(file))
connection.execute("CREATE UNIQUE INDEX users_email ON users (email)")
connection.execute("COMMIT")
connection.close()
