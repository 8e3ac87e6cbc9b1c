-- What was done to a warehouse beside ingest and analysis: waivers, releases, copies, upgrades.
CREATE TABLE "ops"."event" (
  "event_id" TEXT NOT NULL,
  "happened_at" TIMESTAMPTZ NOT NULL,
  "action" TEXT NOT NULL,
  "author" TEXT NOT NULL,
  "subject" TEXT NOT NULL,
  "details" TEXT NOT NULL,
  "snapshot_id" BIGINT NOT NULL,
  "code_version" TEXT NOT NULL
);
COMMENT ON TABLE "ops"."event" IS 'One row is something that was done to the warehouse beside ingest and analysis.';
COMMENT ON COLUMN "ops"."event"."event_id" IS 'id';
COMMENT ON COLUMN "ops"."event"."happened_at" IS 'when';
COMMENT ON COLUMN "ops"."event"."action" IS 'what was done';
COMMENT ON COLUMN "ops"."event"."author" IS 'account that did it';
COMMENT ON COLUMN "ops"."event"."subject" IS 'to what: a release, a copy, a number of refusals; never a person';
COMMENT ON COLUMN "ops"."event"."details" IS 'JSON of what else is worth knowing; never an id of a person';
COMMENT ON COLUMN "ops"."event"."snapshot_id" IS 'last snapshot before it';
COMMENT ON COLUMN "ops"."event"."code_version" IS 'version of roentgene';
