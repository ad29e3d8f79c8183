-- The tables of akka-persistence-jdbc 5.2 that an event-sourced actor uses, without what only other parts of it need. Every
-- statement may be repeated; all of them are one transaction.
CREATE TABLE IF NOT EXISTS "event_journal" (
  "ordering" BIGSERIAL NOT NULL,
  "deleted" BOOLEAN DEFAULT FALSE NOT NULL,
  "persistence_id" TEXT NOT NULL,
  "sequence_number" BIGINT NOT NULL,
  "writer" TEXT NOT NULL,
  "write_timestamp" BIGINT NOT NULL,
  "adapter_manifest" TEXT NOT NULL,
  "event_payload" BYTEA NOT NULL,
  "event_ser_id" INTEGER NOT NULL,
  "event_ser_manifest" TEXT NOT NULL,
  "meta_payload" BYTEA,
  "meta_ser_id" INTEGER,
  "meta_ser_manifest" TEXT,
  PRIMARY KEY ("persistence_id", "sequence_number")
);

CREATE UNIQUE INDEX IF NOT EXISTS "event_journal_ordering_idx" ON "event_journal" ("ordering");

-- Whose journals there are, without reading all events of all runs.
CREATE INDEX IF NOT EXISTS "event_journal_first_idx" ON "event_journal" ("persistence_id") WHERE "sequence_number" = 1;

CREATE TABLE IF NOT EXISTS "event_tag" (
  "event_id" BIGINT NOT NULL,
  "tag" TEXT NOT NULL,
  PRIMARY KEY ("event_id", "tag"),
  CONSTRAINT "fk_event_journal" FOREIGN KEY ("event_id")
    REFERENCES "event_journal" ("ordering") ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS "snapshot" (
  "persistence_id" TEXT NOT NULL,
  "sequence_number" BIGINT NOT NULL,
  "created" BIGINT NOT NULL,
  "snapshot_ser_id" INTEGER NOT NULL,
  "snapshot_ser_manifest" TEXT NOT NULL,
  "snapshot_payload" BYTEA NOT NULL,
  "meta_ser_id" INTEGER,
  "meta_ser_manifest" TEXT,
  "meta_payload" BYTEA,
  PRIMARY KEY ("persistence_id", "sequence_number")
);
