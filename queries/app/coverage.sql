-- title: How complete each expected cell is
-- grain: a cohort x block x timepoint x sequence x region
-- reference: mart_versions.coverage_v1
--
-- An absent label is a finding and counts as there. first_gaps holds the first patients of whom
-- something else than a value or an absent label is known, so that the answer stays short.
SELECT
  cohort_id,
  block,
  timepoint_id,
  sequence,
  region,
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
FROM mart_versions.coverage_v1
GROUP BY cohort_id, block, timepoint_id, sequence, region
ORDER BY
  cohort_id,
  block <> 'imaging',
  block,
  timepoint_id,
  sequence,
  region
