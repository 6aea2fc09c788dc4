-- What only a rehearsal looks back on.

-- That something answered, was read, or failed, from one moment to another. Rows follow each other where more than a quarter of an
-- hour lay between two signs, or where the kind of failure changed.
CREATE TABLE sign (
    -- `watch.<name>` or `warm.<name>`; `monitor` is the daemon itself.
    source   TEXT NOT NULL,
    -- `state`: the source answered, or failed; `read`, `measured`: a function's log, or its metrics, were read.
    kind     TEXT NOT NULL,
    -- Empty for `state`.
    function TEXT NOT NULL,
    since    INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    -- What failed first, as JSON; none where it answered.
    failure  TEXT,
    PRIMARY KEY (source, kind, function, since)
) STRICT, WITHOUT ROWID;

-- Observations are replayed in the order in which they were seen.
CREATE INDEX observation_by_seen ON observation (seen);
CREATE INDEX cost_day_by_seen ON cost_day (seen);
-- Most minutes are seen soon; those that are found by their time are not in here.
CREATE INDEX lambda_minute_seen_late ON lambda_minute (seen) WHERE seen - minute > 3600000;
