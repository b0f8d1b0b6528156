CREATE TABLE IF NOT EXISTS profile (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL);
INSERT OR IGNORE INTO profile VALUES (1, 'Ada', 'ada@example.org'), (2, 'Grace', 'grace@example.org');

CREATE TABLE IF NOT EXISTS stock (id INTEGER PRIMARY KEY, sku TEXT NOT NULL, units INTEGER NOT NULL, row_version INTEGER NOT NULL);
INSERT OR IGNORE INTO stock VALUES (1, 'A-7', 100, 1), (2, 'B-12', 5, 1);
