-- Figures that came before the bill did: every different value of a day, so that it can be replayed; the newest one counts.
CREATE TABLE early (
    source TEXT NOT NULL,
    -- `charges`: CloudWatch's estimate; `usage`: what was used, at list prices.
    origin TEXT NOT NULL,
    day    TEXT NOT NULL,
    seen   INTEGER NOT NULL,
    body   TEXT NOT NULL,
    PRIMARY KEY (source, origin, day, seen)
) STRICT, WITHOUT ROWID;
CREATE INDEX early_by_seen ON early (seen);
