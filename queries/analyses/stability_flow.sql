-- title: How many measurements each filter of a stability design leaves
-- grain: the whole answer is one row
-- reference: filters of analyses/stability_ratings, in their order
--
-- Every column counts what is left after its filter and all before it; sites are those of the
-- patients in the design, as far as they are known.
WITH reference AS (
  SELECT max(value) AS rater_id
  FROM study.setting
  WHERE name = 'reference_rater'
),
filtered AS (
  SELECT
    measurement.current AS is_current,
    extraction.value_scale = 'raw' AS is_raw,
    ($regions IS NULL OR list_contains(CAST($regions AS VARCHAR[]), segmentation.region))
      AND ($sequences IS NULL OR list_contains(CAST($sequences AS VARCHAR[]), series.sequence))
      AND ($profiles IS NULL OR list_contains(CAST($profiles AS VARCHAR[]), extraction.profile))
      AND ($timepoints IS NULL
        OR list_contains(CAST($timepoints AS VARCHAR[]), segmentation.timepoint_id))
      AND ($sites IS NULL OR list_contains(CAST($sites AS VARCHAR[]), patient.site)) AS in_scope,
    ($raters IS NULL OR list_contains(CAST($raters AS VARCHAR[]), segmentation.rater_id))
      AND CASE
        WHEN segmentation.repeat_no > 1000 OR starts_with(segmentation.derivation, 'perturbation:')
          THEN $design = 'perturbation'
        ELSE $design = 'intra_rater' OR segmentation.repeat_no = 1
      END
      AND (
        $design = 'inter_rater'
        OR $raters IS NOT NULL
        OR reference.rater_id IS NULL
        OR segmentation.rater_id = reference.rater_id
      ) AS in_design,
    measurement.status = 'ok' AS has_values,
    patient.site
  FROM imaging.measurement
  JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
  JOIN imaging.series ON series.series_id = measurement.series_id
  JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
  LEFT JOIN study.patient
    ON patient.cohort_id = segmentation.cohort_id
    AND patient.patient_id = segmentation.patient_id
  CROSS JOIN reference
  WHERE measurement.cohort_id = $cohort_id
)
SELECT
  count(*) AS measurements,
  count(*) FILTER (is_current) AS measurements_current,
  count(*) FILTER (is_current AND is_raw) AS measurements_raw,
  count(*) FILTER (is_current AND is_raw AND in_scope) AS measurements_in_scope,
  count(*) FILTER (is_current AND is_raw AND in_scope AND in_design) AS measurements_in_design,
  count(*) FILTER (is_current AND is_raw AND in_scope AND in_design AND has_values)
    AS measurements_with_values,
  count(DISTINCT site) FILTER (is_current AND is_raw AND in_scope AND in_design) AS sites
FROM filtered
