-- Times are text in UTC with microseconds, as the client gets them; a row is deleted when deleted_at is set.
CREATE TABLE sequence (next INTEGER NOT NULL) STRICT;
INSERT INTO sequence VALUES (1);
CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    provider TEXT NOT NULL,
    apple_sub TEXT UNIQUE,
    is_subscribed INTEGER NOT NULL,
    is_premium INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    deleted_at TEXT,
    recommended_at TEXT,
    reminded TEXT,
    patch_note TEXT,
    profile TEXT
) STRICT;
CREATE TABLE device (
    token TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES account (id),
    seen_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX device_of_user ON device (user_id, seen_at, token);
CREATE TABLE category (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES account (id),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    deleted_at TEXT,
    color INTEGER NOT NULL,
    title TEXT,
    rank TEXT NOT NULL
) STRICT;
CREATE INDEX category_of_user ON category (user_id, rank, id) WHERE deleted_at IS NULL;
CREATE TABLE todo (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES account (id),
    content TEXT NOT NULL,
    category_id INTEGER NOT NULL,
    date TEXT,
    due_time TEXT,
    rank TEXT NOT NULL,
    is_completed INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    deleted_at TEXT
) STRICT;
CREATE INDEX todo_of_user ON todo (user_id, rank, id) WHERE deleted_at IS NULL;
CREATE TABLE sub (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES account (id),
    content TEXT NOT NULL,
    todo_id INTEGER NOT NULL,
    date TEXT,
    due_time TEXT,
    rank TEXT NOT NULL,
    is_completed INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    deleted_at TEXT
) STRICT;
CREATE INDEX sub_of_user ON sub (user_id, rank, id) WHERE deleted_at IS NULL;
CREATE TABLE feedback (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES account (id),
    title TEXT NOT NULL,
    category TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at TEXT NOT NULL,
    status TEXT NOT NULL
) STRICT;
