-- The number of an owner's conversations, as it was at the version `counted_in`. Where that is not the owner's version, the
-- program counts: after this migration, and after a change by a program that knows the first migration alone. The
-- owner's next change keeps the number again. So this migration rewrites no row.
ALTER TABLE owners ADD COLUMN conversations bigint NOT NULL DEFAULT 0, ADD COLUMN counted_in bigint NOT NULL DEFAULT 0;
UPDATE store SET migration = 2;
