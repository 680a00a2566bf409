-- The tables, into the first schema of the search path. An operator may run this by hand, in one transaction:
--
--     CREATE SCHEMA conversation_settings;
--     PGOPTIONS='-c search_path=conversation_settings' \
--         psql --single-transaction -v ON_ERROR_STOP=1 -f 0001_conversations.sql
--
-- A migration that was released never changes; a new one is added beside it, and ends by raising `store.migration`.

-- One row: the identity of the log that versions count in, and the last migration that has run.
CREATE TABLE store (
    log bytea NOT NULL CHECK (length(log) = 12),
    migration integer NOT NULL
);
CREATE UNIQUE INDEX store_is_one_row ON store ((true));
INSERT INTO store VALUES (substring(sha256(convert_to(gen_random_uuid()::text, 'UTF8')) FROM 1 FOR 12), 1);

-- IDs are compared and ordered by their bytes, whatever the database's collation.
-- The pages keep room for a new version of a row beside the old one: a raised version then touches no index.
CREATE TABLE owners (
    owner text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    pruned bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

-- A tombstone has no type, no target, no creation time and no settings.
-- Text that may hold U+0000, which PostgreSQL's text refuses, is kept as its bytes in UTF-8.
CREATE TABLE conversations (
    owner text COLLATE "C" NOT NULL,
    conversation_id text COLLATE "C" NOT NULL,
    conversation_type integer,
    target_id text COLLATE "C",
    created_at bigint,
    lives text COLLATE "C" NOT NULL,
    changed_in bigint NOT NULL,
    recv_msg_opt integer,
    is_pinned boolean,
    is_private_chat boolean,
    burn_duration integer,
    group_at_type integer,
    attached_info bytea,
    ex bytea,
    min_seq bigint,
    max_seq bigint,
    is_msg_destruct boolean,
    msg_destruct_time bigint,
    latest_msg_destruct_time bigint,
    PRIMARY KEY (owner, conversation_id)
) WITH (fillfactor = 85);
CREATE INDEX conversations_by_id ON conversations (conversation_id, owner);
-- Every row is in it; the condition keeps the planner from it where a conversation is looked up by its key, for which
-- it would read all conversations of the owner.
CREATE INDEX conversations_by_change ON conversations (owner, changed_in) WHERE changed_in > 0;
