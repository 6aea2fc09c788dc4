-- How long invocations took: buckets with their counts, and the longest in microseconds, as in {"longest":30030000,"665":3}.
-- The highest share of its memory that the function used; both are absent where no line said.
ALTER TABLE lambda_minute ADD COLUMN durations TEXT NOT NULL DEFAULT '{}';
ALTER TABLE lambda_minute ADD COLUMN memory_used INTEGER;
ALTER TABLE lambda_minute ADD COLUMN memory_size INTEGER;
ALTER TABLE lambda_day ADD COLUMN durations TEXT NOT NULL DEFAULT '{}';
ALTER TABLE lambda_day ADD COLUMN memory_used INTEGER;
ALTER TABLE lambda_day ADD COLUMN memory_size INTEGER;

-- Every error a function has ever shown, so that a new one can be told. `first` is when it happened, `seen` when that was seen,
-- `last` when it was last seen. Rows stay however old they are; of too many of one function those with the oldest `last` go.
CREATE TABLE error (
    function    TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    first       INTEGER NOT NULL,
    seen        INTEGER NOT NULL,
    last        INTEGER NOT NULL,
    cause       TEXT NOT NULL,
    excerpt     TEXT NOT NULL,
    PRIMARY KEY (function, fingerprint)
) STRICT, WITHOUT ROWID;
