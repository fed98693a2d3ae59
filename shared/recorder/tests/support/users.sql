CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, age INTEGER NOT NULL);
CREATE UNIQUE INDEX users_email ON users (email);
INSERT INTO users (name, email, age) VALUES
    ('Alice Walker', 'alice@example.com', 30), ('Bob Marsh', 'bob@example.com', 25),
    ('Carla Jensen', 'carla@example.com', 41), ('Dara O''Brien', 'dara@example.com', 40),
    ('Eve Little', 'eve@example.com', 0), ('Farid Haddad', 'farid@example.com', 67),
    ('Grace Kim', 'grace@example.com', 25), ('Hanako Yamada', 'hanako@example.com', 52),
    ('Ines Pena', 'ines@example.com', 40), ('Jonas Weber', 'jonas@example.com', 18),
    ('Kwame Boateng', 'kwame@example.com', 73), ('Lena Novak', 'lena@example.com', 26);
