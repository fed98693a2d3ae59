//! Shows that `recorder` works with another version of SQLite's library; see `tests/`.
