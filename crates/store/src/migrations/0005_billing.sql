-- The lines of a bill, a row a source and UTC day: the newest ones, since `cost_day` keeps what a day has been said to cost before.
CREATE TABLE bill_day (
    source TEXT NOT NULL,
    day    TEXT NOT NULL,
    -- When these lines were first seen.
    seen   INTEGER NOT NULL,
    -- JSON: `words`, each text once, and `lines`, arrays of places in `words` and of decimal text.
    body   TEXT NOT NULL,
    PRIMARY KEY (source, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX bill_day_by_day ON bill_day (day);
