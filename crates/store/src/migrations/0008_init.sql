-- Milliseconds of start-up that were billed, and the billed milliseconds of the invocations in which they were counted.
ALTER TABLE lambda_minute ADD COLUMN init_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lambda_minute ADD COLUMN init_of_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lambda_day ADD COLUMN init_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lambda_day ADD COLUMN init_of_ms INTEGER NOT NULL DEFAULT 0;
