-- title: How complete each expected cell is
-- grain: a cohort x block x timepoint x sequence x region x rater
-- reference: mart_versions.coverage_v1
--
-- A patient counts once in a cell, with the best status of the raters, unless the cohort file
-- expects raters by name: then each has cells of their own. An absent label is a finding and
-- counts as there. first_gaps holds the first patients of whom something else than a value or an
-- absent label is known, so that the answer stays short.
WITH named AS (
  SELECT DISTINCT cohort_id
  FROM study.expectation
  WHERE rater_id IS NOT NULL
),
cell AS (
  SELECT
    coverage.cohort_id, coverage.patient_id, coverage.block, coverage.timepoint_id,
    coverage.sequence, coverage.region,
    CASE WHEN named.cohort_id IS NOT NULL THEN coverage.rater_id END AS rater_id,
    coverage.status, coverage.reason, coverage.expected,
    CASE coverage.status
      WHEN 'present' THEN 1
      WHEN 'label_absent' THEN 2
      WHEN 'roi_too_small' THEN 3
      WHEN 'refused' THEN 4
      WHEN 'failed' THEN 5
      ELSE 6
    END AS place
  FROM mart_versions.coverage_v1 AS coverage
  LEFT JOIN named ON named.cohort_id = coverage.cohort_id
),
patient AS (
  SELECT
    cohort_id, patient_id, block, timepoint_id, sequence, region, rater_id,
    bool_or(expected) AS expected,
    arg_min(status, place) AS status,
    arg_min({'reason': reason}, {'place': place, 'reason': reason}).reason AS reason
  FROM cell
  GROUP BY cohort_id, patient_id, block, timepoint_id, sequence, region, rater_id
)
SELECT
  cohort_id,
  block,
  timepoint_id,
  sequence,
  region,
  rater_id,
  count(*) FILTER (WHERE expected) AS n_expected,
  count(*) FILTER (WHERE status = 'present') AS n_present,
  count(*) FILTER (WHERE status = 'label_absent') AS n_label_absent,
  count(*) FILTER (WHERE status = 'roi_too_small') AS n_roi_too_small,
  count(*) FILTER (WHERE status = 'refused') AS n_refused,
  count(*) FILTER (WHERE status = 'failed') AS n_failed,
  count(*) FILTER (WHERE status = 'missing') AS n_missing,
  coalesce(
    min({'patient_id': patient_id, 'status': status, 'reason': reason}, 5)
      FILTER (WHERE status NOT IN ('present', 'label_absent')),
    []
  ) AS first_gaps
FROM patient
GROUP BY cohort_id, block, timepoint_id, sequence, region, rater_id
ORDER BY
  cohort_id,
  block <> 'imaging',
  block,
  timepoint_id,
  sequence,
  region,
  rater_id
