-- Times are milliseconds since 1970 UTC, days are `YYYY-MM-DD` in UTC, amounts of money are decimal text and never floats.

-- Every value ever seen for a day, so that a restatement can be told from a first figure; the newest one counts.
CREATE TABLE cost_day (
    source TEXT NOT NULL,
    day    TEXT NOT NULL,
    seen   INTEGER NOT NULL,
    body   TEXT NOT NULL,
    PRIMARY KEY (source, day, seen)
) STRICT, WITHOUT ROWID;
CREATE INDEX cost_day_by_day ON cost_day (day);

-- Faults and pings, one by one.
CREATE TABLE observation (
    id      INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    seen    INTEGER NOT NULL,
    source  TEXT NOT NULL,
    body    TEXT NOT NULL
) STRICT;
CREATE INDEX observation_by_kind ON observation (kind, at);

-- What functions did, counted by minute for the rules and by day for the report.
CREATE TABLE lambda_minute (
    function    TEXT NOT NULL,
    minute      INTEGER NOT NULL,
    seen        INTEGER NOT NULL,
    invocations INTEGER NOT NULL,
    cold        INTEGER NOT NULL,
    cold_waited INTEGER NOT NULL,
    timeouts    INTEGER NOT NULL,
    errors      INTEGER NOT NULL,
    billed_ms   INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    unparsed    INTEGER NOT NULL,
    PRIMARY KEY (function, minute)
) STRICT, WITHOUT ROWID;
CREATE TABLE lambda_day (
    function    TEXT NOT NULL,
    day         TEXT NOT NULL,
    invocations INTEGER NOT NULL,
    cold        INTEGER NOT NULL,
    cold_waited INTEGER NOT NULL,
    timeouts    INTEGER NOT NULL,
    errors      INTEGER NOT NULL,
    billed_ms   INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    unparsed    INTEGER NOT NULL,
    PRIMARY KEY (function, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE cause_day (
    function TEXT NOT NULL,
    day      TEXT NOT NULL,
    cause    TEXT NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (function, day, cause)
) STRICT, WITHOUT ROWID;

-- What is known of each source, and how far it has read.
CREATE TABLE source (
    name   TEXT PRIMARY KEY,
    polled INTEGER,
    state  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE cursor (
    source TEXT NOT NULL,
    key    TEXT NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;

-- Lives of rules on subjects; at most one that is not over each.
CREATE TABLE incident (
    rule     TEXT NOT NULL,
    subject  TEXT NOT NULL,
    opened   INTEGER NOT NULL,
    fired    INTEGER,
    resolved INTEGER,
    body     TEXT NOT NULL,
    PRIMARY KEY (rule, subject, opened)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX incident_open ON incident (rule, subject) WHERE resolved IS NULL;

-- What receivers are to be told. Nothing is sent that is not here.
CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY,
    key         TEXT NOT NULL UNIQUE,
    receiver    TEXT NOT NULL,
    created     INTEGER NOT NULL,
    body        TEXT NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    -- An attempt has begun, or has ended without an answer: the message may have arrived.
    attempting  INTEGER NOT NULL DEFAULT 0,
    not_before  INTEGER NOT NULL DEFAULT 0,
    -- The receiver itself asked to wait until `not_before`; nothing may shorten that.
    told_to_wait INTEGER NOT NULL DEFAULT 0,
    -- The receiver will not take this one as it is; what is behind it does not wait for it.
    refused     INTEGER NOT NULL DEFAULT 0,
    sent        INTEGER,
    receipt     TEXT,
    last_error  TEXT
) STRICT;
CREATE INDEX outbox_waiting ON outbox (receiver, id) WHERE sent IS NULL;

-- The monitor's own billed calls; dollars are count times price.
CREATE TABLE spend (
    day       TEXT NOT NULL,
    operation TEXT NOT NULL,
    price     TEXT NOT NULL,
    count     INTEGER NOT NULL,
    PRIMARY KEY (day, operation, price)
) STRICT, WITHOUT ROWID;
