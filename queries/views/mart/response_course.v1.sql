-- title: Recorded response over time, its progressions, and the size of the tumour beside it
-- grain: a response assessment of a patient of a cohort under one set of criteria
-- reference: clinical.response; mart.response_label and mart.size_course, with their references
-- since: 0.1.0
--
-- response and progression are what was recorded. previous_response is that of the last evaluable
-- assessment before, best_response the best of those (CR, PR, MR, SD, PD in this order), and
-- response_change says better, same or worse than previous_response, NULL for the first, for NE and
-- without a day: an assessment without a day is before and after none. rt_end_day is the last end
-- of radiotherapy by then, NULL where none is known. Where a progression began, candidate_label,
-- label_rule, label_reason, the confirmation and known_day stand as in mart.response_label; else
-- they are NULL. A label may be used from known_day on and never for what came before. The size
-- columns are those of mart.size_course, all lesions together, at that visit: of the index_region
-- of study.yaml, or, without one, of the only region that was drawn of the patient and not derived;
-- first repeats of the reference_rater, or, without one, of whoever drew alone. volume_category and
-- diameter_category are suggested by size alone and stand beside the recorded response; neither
-- changes the other. They are NULL where the rules settle on no region or rater.
WITH rule AS (
  SELECT
    max(value) FILTER (name = 'reference_rater') AS reference_rater,
    max(value) FILTER (name = 'index_region') AS index_region
  FROM study.setting
),
counted AS (
  SELECT
    segmentation.cohort_id, segmentation.patient_id,
    min(segmentation.region) AS region,
    min(segmentation.rater_id) AS rater_id
  FROM imaging.segmentation
  CROSS JOIN rule
  WHERE segmentation.repeat_no = 1
    AND coalesce(
      segmentation.region = rule.index_region,
      segmentation.source = 'table'
      OR segmentation.derivation = 'every value but 0'
      OR starts_with(segmentation.derivation, 'label ')
    )
    AND coalesce(segmentation.rater_id = rule.reference_rater, TRUE)
  GROUP BY segmentation.cohort_id, segmentation.patient_id
  HAVING count(DISTINCT segmentation.region) = 1
    AND count(DISTINCT segmentation.rater_id) = 1
),
size AS (
  SELECT
    size_course.cohort_id, size_course.patient_id, size_course.timepoint_id, size_course.region,
    size_course.rater_id, size_course.n_lesions, size_course.n_new, size_course.volume_mm3,
    size_course.volume_change_from_baseline, size_course.volume_change_from_nadir,
    size_course.diameter_mm, size_course.diameter_change_from_baseline,
    size_course.diameter_change_from_nadir, size_course.volume_category,
    size_course.diameter_category, size_course.size_status
  FROM mart_versions.size_course_v1 AS size_course
  JOIN counted
    ON counted.cohort_id = size_course.cohort_id
    AND counted.patient_id = size_course.patient_id
    AND counted.region = size_course.region
    AND counted.rater_id = size_course.rater_id
  WHERE size_course.scope = 'all_lesions'
    AND size_course.repeat_no = 1
),
assessment AS (
  SELECT
    response.cohort_id, response.patient_id, response.timepoint_id, response.criteria,
    response.response, response.progression,
    coalesce(response.study_day, timepoint.study_day) AS study_day,
    coalesce(timepoint.visit_order, -1) AS visit_order,
    CASE response.response
      WHEN 'CR' THEN 1 WHEN 'PR' THEN 2 WHEN 'MR' THEN 3 WHEN 'SD' THEN 4 WHEN 'PD' THEN 5
    END AS grade
  FROM clinical.response
  LEFT JOIN study.timepoint
    ON timepoint.cohort_id = response.cohort_id
    AND timepoint.patient_id = response.patient_id
    AND timepoint.timepoint_id = response.timepoint_id
),
ordered AS (
  SELECT
    cohort_id, patient_id, timepoint_id, criteria, response, progression, study_day, grade,
    CASE
      WHEN study_day IS NOT NULL
        THEN last_value(CASE WHEN study_day IS NOT NULL THEN grade END IGNORE NULLS) OVER earlier
    END AS previous_grade,
    CASE WHEN study_day IS NOT NULL THEN min(grade) OVER earlier END AS best_grade
  FROM assessment
  WINDOW earlier AS (
    PARTITION BY cohort_id, patient_id, criteria
    ORDER BY study_day NULLS LAST, visit_order, timepoint_id
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  )
),
irradiated AS (
  SELECT
    ordered.cohort_id, ordered.patient_id, ordered.timepoint_id, ordered.criteria,
    max(radiotherapy_end.rt_end_day) AS rt_end_day
  FROM ordered
  JOIN mart_versions.radiotherapy_end_v1 AS radiotherapy_end
    ON radiotherapy_end.cohort_id = ordered.cohort_id
    AND radiotherapy_end.patient_id = ordered.patient_id
    AND radiotherapy_end.rt_end_day <= ordered.study_day
  GROUP BY ordered.cohort_id, ordered.patient_id, ordered.timepoint_id, ordered.criteria
)
SELECT
  ordered.cohort_id,
  patient.person_id,
  ordered.patient_id,
  ordered.timepoint_id,
  ordered.criteria,
  ordered.study_day,
  irradiated.rt_end_day,
  ordered.study_day - irradiated.rt_end_day AS days_since_rt_end,
  ordered.response,
  ordered.progression,
  ['CR', 'PR', 'MR', 'SD', 'PD'][ordered.previous_grade] AS previous_response,
  ['CR', 'PR', 'MR', 'SD', 'PD'][ordered.best_grade] AS best_response,
  CASE
    WHEN ordered.grade < ordered.previous_grade THEN 'better'
    WHEN ordered.grade > ordered.previous_grade THEN 'worse'
    WHEN ordered.grade = ordered.previous_grade THEN 'same'
  END AS response_change,
  response_label.in_rt_window,
  response_label.confirmation_timepoint_id,
  response_label.confirmation_day,
  response_label.days_to_confirmation,
  response_label.confirmation_response,
  response_label.candidate_label,
  response_label.label_rule,
  response_label.label_reason,
  response_label.known_day,
  size.region AS size_region,
  size.rater_id AS size_rater_id,
  size.n_lesions,
  size.n_new,
  size.volume_mm3,
  size.volume_change_from_baseline,
  size.volume_change_from_nadir,
  size.diameter_mm,
  size.diameter_change_from_baseline,
  size.diameter_change_from_nadir,
  size.volume_category,
  size.diameter_category,
  size.size_status
FROM ordered
JOIN study.patient
  ON patient.cohort_id = ordered.cohort_id
  AND patient.patient_id = ordered.patient_id
LEFT JOIN irradiated
  ON irradiated.cohort_id = ordered.cohort_id
  AND irradiated.patient_id = ordered.patient_id
  AND irradiated.timepoint_id = ordered.timepoint_id
  AND irradiated.criteria = ordered.criteria
LEFT JOIN mart_versions.response_label_v1 AS response_label
  ON response_label.cohort_id = ordered.cohort_id
  AND response_label.patient_id = ordered.patient_id
  AND response_label.timepoint_id = ordered.timepoint_id
  AND response_label.criteria = ordered.criteria
LEFT JOIN size
  ON size.cohort_id = ordered.cohort_id
  AND size.patient_id = ordered.patient_id
  AND size.timepoint_id = ordered.timepoint_id
