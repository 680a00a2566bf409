-- The tables, in the first schema of the search path. The columns of the settings are not here: they follow from the
-- table of settings in conversation-settings-core, and the program adds those that are missing.
--
-- A released migration never changes. A new one is a file beside it and ends by raising `store.migration`. A comment takes
-- a line of its own: the program shows the statements in one line where it may not run them.

-- One row: the identity of the log that versions count in, and the last migration that has run.
CREATE TABLE store (
    log bytea NOT NULL CHECK (length(log) = 12),
    migration integer NOT NULL
);
CREATE UNIQUE INDEX store_is_one_row ON store ((true));
INSERT INTO store VALUES (substring(sha256(convert_to(gen_random_uuid()::text, 'UTF8')) FROM 1 FOR 12), 1);

-- IDs compare and order by their bytes, whatever the database's collation.
-- The fill factor leaves space for a new version of a row in its page: raising the version then touches no index.
CREATE TABLE owners (
    owner text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    pruned bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

-- A tombstone has no type, no target, no creation time and no settings.
CREATE TABLE conversations (
    owner text COLLATE "C" NOT NULL,
    conversation_id text COLLATE "C" NOT NULL,
    conversation_type integer,
    target_id text COLLATE "C",
    created_at bigint,
    lives text COLLATE "C" NOT NULL,
    changed_in bigint NOT NULL,
    PRIMARY KEY (owner, conversation_id)
) WITH (fillfactor = 85);
CREATE INDEX conversations_by_id ON conversations (conversation_id, owner);
-- The condition is true for every row. It keeps the planner from using this index to look up one conversation, for
-- which it would read all of the owner's.
CREATE INDEX conversations_by_change ON conversations (owner, changed_in) WHERE changed_in > 0;
