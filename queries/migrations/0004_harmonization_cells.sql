-- Batches of harmonization runs have numbers, the same for all runs of a name.
CREATE TABLE "result"."harmonization_cell" (
  "run_name" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "sequence" TEXT NOT NULL,
  "region" TEXT NOT NULL,
  "profile" TEXT NOT NULL,
  "engine" TEXT NOT NULL,
  "batch" TEXT NOT NULL,
  "cell_no" BIGINT NOT NULL
);
COMMENT ON TABLE "result"."harmonization_cell" IS 'One row is a batch of the harmonization models of a name, whichever of their runs is current.';
COMMENT ON COLUMN "result"."harmonization_cell"."run_name" IS 'name of the runs';
COMMENT ON COLUMN "result"."harmonization_cell"."cohort_id" IS 'population';
COMMENT ON COLUMN "result"."harmonization_cell"."sequence" IS 'image';
COMMENT ON COLUMN "result"."harmonization_cell"."region" IS 'region';
COMMENT ON COLUMN "result"."harmonization_cell"."profile" IS 'extraction profile';
COMMENT ON COLUMN "result"."harmonization_cell"."engine" IS 'engine';
COMMENT ON COLUMN "result"."harmonization_cell"."batch" IS 'batch';
COMMENT ON COLUMN "result"."harmonization_cell"."cell_no" IS 'number, given once; cell_no + 512 x feature_id numbers lines, so 512 follow one another and the next 512 begin 2^32 further';
INSERT INTO "result"."harmonization_cell"
WITH "cell" AS (
  SELECT DISTINCT
    "analysis_run"."name", "batch"."cohort_id", "batch"."sequence", "batch"."region",
    "batch"."profile", "batch"."engine", "batch"."batch"
  FROM "result"."harmonization_batch" AS "batch"
  JOIN "ops"."analysis_run" ON "analysis_run"."analysis_run_id" = "batch"."analysis_run_id"
),
"placed" AS (
  SELECT
    *,
    row_number() OVER (
      ORDER BY "name", "cohort_id", "sequence", "region", "profile", "engine", "batch"
    ) - 1 AS "place"
  FROM "cell"
)
SELECT * EXCLUDE ("place"), "place" // 512 * 4294967296 + "place" % 512
FROM "placed";
