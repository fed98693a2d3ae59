/* The two queries at once, in C on SQLite's own interface: two threads, a connection each, and every row as typed values.
 *
 * It speaks the driver's protocol (`harness/src/protocol.rs`): `PROGRAM two-queries PEER database=PATH`. */

#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct user {
    int64_t id;
    char *name;
    char *email;
    uint32_t age;
};

struct query {
    const char *database;
    const char *sql;
    struct user *users;
    size_t count, capacity;
};

static const char ALL[] = "SELECT id, name, email, age FROM users ORDER BY id";
static const char OLDER[] = "SELECT id, name, email, age FROM users WHERE age > 40 ORDER BY id";

static void fail(const char *message) {
    fprintf(stderr, "error: %s\n", message);
    exit(1);
}

/* Memory is freed by the owner. As in Rust, running out of it ends the program. */
static void *checked(void *memory) {
    if (memory == NULL) fail("out of memory");
    return memory;
}

static char *text(sqlite3_stmt *statement, int column) {
    const unsigned char *value = sqlite3_column_text(statement, column);
    size_t length = (size_t)sqlite3_column_bytes(statement, column);
    char *copy = checked(malloc(length + 1));
    memcpy(copy, value, length);
    copy[length] = '\0';
    return copy;
}

static void *run(void *argument) {
    struct query *query = argument;
    sqlite3 *connection;
    sqlite3_stmt *statement;
    if (sqlite3_open_v2(query->database, &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(connection, query->sql, -1, &statement, NULL) != SQLITE_OK)
        fail(sqlite3_errmsg(connection));
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        if (query->count == query->capacity) {
            query->capacity = query->capacity == 0 ? 4 : 2 * query->capacity;
            query->users = checked(realloc(query->users, query->capacity * sizeof *query->users));
        }
        struct user *user = &query->users[query->count++];
        user->id = sqlite3_column_int64(statement, 0);
        user->name = text(statement, 1);
        user->email = text(statement, 2);
        user->age = (uint32_t)sqlite3_column_int64(statement, 3);
    }
    if (result != SQLITE_DONE || sqlite3_finalize(statement) != SQLITE_OK || sqlite3_close(connection) != SQLITE_OK)
        fail(sqlite3_errmsg(connection));
    return NULL;
}

static void free_users(struct query *query) {
    for (size_t at = 0; at < query->count; at++) {
        free(query->users[at].name);
        free(query->users[at].email);
    }
    free(query->users);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* One round: the caller's thread runs one query, a second thread the other. Freeing the rows is not measured. */
static double round_of(const char *database, size_t *rows) {
    struct query all = {database, ALL, NULL, 0, 0}, older = {database, OLDER, NULL, 0, 0};
    double begun = seconds();
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, &older) != 0) fail("no second thread");
    run(&all);
    pthread_join(thread, NULL);
    double took = seconds() - begun;
    *rows = all.count + older.count;
    free_users(&all);
    free_users(&older);
    return took;
}

int main(int count, char **words) {
    static const char DATABASE[] = "database=";
    const char *database = NULL;
    for (int at = 3; at < count; at++)
        if (strncmp(words[at], DATABASE, sizeof DATABASE - 1) == 0) database = words[at] + sizeof DATABASE - 1;
    if (database == NULL || strcmp(words[1], "two-queries") != 0) fail("usage: two-queries PEER database=PATH; use bench/run");
    size_t rows;
    round_of(database, &rows);
    puts("ready");
    fflush(stdout);
    char line[64];
    while (fgets(line, sizeof line, stdin) != NULL) {
        double took = round_of(database, &rows);
        printf("{\"seconds\":%.9f,\"rows\":%zu}\n", took, rows);
        fflush(stdout);
    }
    return 0;
}
