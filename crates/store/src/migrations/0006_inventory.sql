-- What stood behind the bill: what was read of a kind of things in a region. Of days that are long gone the last reading stays.
CREATE TABLE inventory (
    source TEXT NOT NULL,
    -- `rds_instance`, `nat_gateway`, ...
    kind   TEXT NOT NULL,
    region TEXT NOT NULL,
    day    TEXT NOT NULL,
    seen   INTEGER NOT NULL,
    -- The inventory as JSON.
    body   TEXT NOT NULL,
    PRIMARY KEY (kind, region, seen)
) STRICT, WITHOUT ROWID;

CREATE INDEX inventory_by_seen ON inventory (seen);
