-- An incident has an id of its own, so that its rule can be renamed.
CREATE TABLE incident_3 (
    id       TEXT PRIMARY KEY,
    rule     TEXT NOT NULL,
    subject  TEXT NOT NULL,
    opened   INTEGER NOT NULL,
    fired    INTEGER,
    resolved INTEGER,
    body     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO incident_3 (id, rule, subject, opened, fired, resolved, body)
    SELECT rule || '/' || subject || '/' || opened, rule, subject, opened, fired, resolved,
        json_set(body, '$.id', rule || '/' || subject || '/' || opened) FROM incident;
DROP TABLE incident;
ALTER TABLE incident_3 RENAME TO incident;
CREATE UNIQUE INDEX incident_open ON incident (rule, subject) WHERE resolved IS NULL;
CREATE INDEX incident_by_end ON incident (resolved);

-- What was said, or is being said, to one receiver at once. A row is written when an attempt at it begins; if the receiver
-- certainly did not get it, the row goes again, and what it told is put into words anew.
CREATE TABLE message (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The same for every attempt, and never used again: a receiver that can tell knows a repeat by it.
    key        TEXT NOT NULL UNIQUE,
    receiver   TEXT NOT NULL,
    sealed     INTEGER NOT NULL,
    -- The ids of the messages it follows, oldest first, as a JSON array.
    follows    TEXT NOT NULL DEFAULT '[]',
    body       TEXT NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    -- An attempt has begun and has no known end.
    attempting INTEGER NOT NULL DEFAULT 0,
    -- An attempt has ended without an answer, or was cut short: it may have arrived.
    uncertain  INTEGER NOT NULL DEFAULT 0,
    -- The receiver will not take this one as it is; what is behind it does not wait for it.
    refused    INTEGER NOT NULL DEFAULT 0,
    not_before INTEGER NOT NULL DEFAULT 0,
    sent       INTEGER,
    receipt    TEXT,
    last_error TEXT
) STRICT;
CREATE INDEX message_unsent ON message (receiver, id) WHERE sent IS NULL;
CREATE INDEX message_sent ON message (sent);

-- That one receiver is to be told of one event of an incident, and what became of it.
CREATE TABLE notification (
    id         INTEGER PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    incident   TEXT NOT NULL,
    receiver   TEXT NOT NULL,
    event      TEXT NOT NULL,
    at         INTEGER NOT NULL,
    -- The message that tells it; none while it waits, or if it was dropped.
    message    INTEGER,
    attempts   INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    -- When it was told, or it was clear that it need not be.
    done       INTEGER,
    -- Why it need not be.
    dropped    TEXT
) STRICT;
CREATE INDEX notification_waiting ON notification (receiver, incident, id) WHERE done IS NULL AND message IS NULL;
CREATE INDEX notification_of_incident ON notification (incident, receiver);
CREATE INDEX notification_of_message ON notification (message);
CREATE INDEX notification_done ON notification (done);

-- What the first versions put into words when it was decided stays as it was worded. Its incident is found by what it says of it.
INSERT INTO message (id, key, receiver, sealed, body, attempts, attempting, uncertain, refused, not_before, sent, receipt, last_error)
    SELECT o.id, o.key, o.receiver, o.created,
        json_object('at', o.body -> '$.message.at', 'news', json_array(json_set(o.body -> '$.message',
            '$.incident', coalesce((SELECT i.id FROM incident i WHERE i.rule = o.body ->> '$.message.rule' AND i.subject = o.body ->> '$.message.subject'
                AND json_extract(i.body, '$.opened') = o.body ->> '$.message.since'), 'unknown')))),
        o.attempts, o.attempting, o.attempting, o.refused, CASE WHEN o.refused THEN o.not_before ELSE 0 END, o.sent, o.receipt, o.last_error
    FROM outbox o;
INSERT INTO notification (key, incident, receiver, event, at, message, attempts, last_error, done)
    SELECT o.key, m.body ->> '$.news[0].incident', o.receiver, m.body ->> '$.news[0].event', o.created, m.id, o.attempts, o.last_error, o.sent
    FROM outbox o JOIN message m ON m.id = o.id;
DROP TABLE outbox;

-- How each receiver is: attempts, and when it may be told again.
CREATE TABLE receiver (
    name  TEXT PRIMARY KEY,
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What people say to a running monitor. Written by its commands, read by the daemon.
CREATE TABLE silence (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    rule    TEXT NOT NULL,
    subject TEXT NOT NULL,
    begins  INTEGER NOT NULL,
    ends    INTEGER NOT NULL,
    author  TEXT NOT NULL,
    reason  TEXT NOT NULL
) STRICT;
CREATE TABLE ack (
    incident TEXT PRIMARY KEY,
    author   TEXT NOT NULL,
    at       INTEGER NOT NULL,
    note     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The points of metrics as they were last seen; only a rehearsal looks back on them. `body` is [period, sum, maximum, average].
CREATE TABLE metric_point (
    function TEXT NOT NULL,
    metric   TEXT NOT NULL,
    at       INTEGER NOT NULL,
    seen     INTEGER NOT NULL,
    body     TEXT NOT NULL,
    PRIMARY KEY (function, metric, at)
) STRICT, WITHOUT ROWID;
