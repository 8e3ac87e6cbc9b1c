-- title: Volume and diameters of each region over time, and the category they suggest
-- grain: a region of a lesion, or of all lesions together, as one rater drew it at a visit
-- reference: RANO 2.0, Wen 2023, doi 10.1200/JCO.23.01059; RECIST 1.1, Eisenhauer 2009, doi 10.1016/j.ejca.2008.10.026
-- since: 0.1.0
--
-- scope is lesion, or all_lesions with lesion_id NULL: the sums over all lesions of the region that
-- the rater drew at the visit. volume_mm3 is that of the mask. diameter_mm is
-- original_shape_Maximum2DDiameterSlice, the largest in an axial slice as RECIST wants it, and
-- diameter_3d_mm original_shape_Maximum3DDiameter, of the current PyRadiomics measurement on the
-- reference series, of the profile original if there, else of the first profile by name. An absent
-- region has the size 0, as RECIST says. Baseline is the first visit at which that rater drew the
-- region, whichever lesion; nadir the smallest size known of earlier visits, baseline included. A
-- sum is NULL where a lesion of the baseline was not drawn at the visit or has no size, and the
-- lesion did not merge into another; n_lesions counts those with voxels, n_missing those of the
-- baseline that were not drawn, n_new those with voxels that no earlier visit had, unless split
-- from another. volume_category: PD, a new lesion or at least 40 % above nadir; CR, gone; PR, at
-- least 65 % below baseline; else SD. diameter_category: PD, a new lesion or at least 20 % and 5 mm
-- above nadir; CR, gone; PR, at least 30 % below baseline; else SD. PD goes before the others; what
-- grows again from 0 is PD. They are suggestions of one scan: nothing is confirmed, no minimum size
-- is asked, all lesions are taken for targets, clinical state and steroids are not seen, and
-- baseline is the first scan although RANO 2.0 takes the one after radiotherapy for a new glioma.
-- What was recorded is in mart.response_course. size_status is ok; baseline; baseline_missing (no
-- size at baseline: no PR, no SD); size_missing. The categories are NULL at baseline and where
-- their size is missing.
WITH shape AS (
  SELECT
    measurement.segmentation_id,
    max(feature_value.value)
      FILTER (feature.feature = 'original_shape_Maximum2DDiameterSlice') AS diameter_mm,
    max(feature_value.value)
      FILTER (feature.feature = 'original_shape_Maximum3DDiameter') AS diameter_3d_mm,
    row_number() OVER (
      PARTITION BY measurement.segmentation_id
      ORDER BY extraction.profile <> 'original', extraction.profile, measurement.extraction_id
    ) AS place
  FROM imaging.measurement
  JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
    AND segmentation.reference_series_id = measurement.series_id
  JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
  JOIN imaging.feature_value
    ON feature_value.cohort_id = measurement.cohort_id
    AND feature_value.measurement_id = measurement.measurement_id
  JOIN vocab.feature ON feature.feature_id = feature_value.feature_id
  WHERE measurement.current
    AND extraction.engine = 'pyradiomics'
    AND extraction.value_scale = 'raw'
    AND feature_value.value_status = 'ok'
    AND feature.feature IN (
      'original_shape_Maximum2DDiameterSlice', 'original_shape_Maximum3DDiameter'
    )
  GROUP BY measurement.segmentation_id, extraction.profile, measurement.extraction_id
),
drawn AS (
  SELECT
    segmentation.cohort_id, segmentation.patient_id, segmentation.timepoint_id,
    segmentation.region, segmentation.lesion_id, segmentation.rater_id, segmentation.repeat_no,
    timepoint.study_day,
    dense_rank() OVER (
      PARTITION BY segmentation.cohort_id, segmentation.patient_id, segmentation.region,
        segmentation.rater_id, segmentation.repeat_no
      ORDER BY timepoint.visit_order, timepoint.study_day NULLS LAST, timepoint.timepoint_id
    ) AS visit_no,
    coalesce(segmentation.voxel_count, 1) > 0 AS present,
    CASE WHEN segmentation.voxel_count = 0 THEN 0 ELSE segmentation.volume_mm3 END AS volume_mm3,
    CASE WHEN segmentation.voxel_count = 0 THEN 0 ELSE shape.diameter_mm END AS diameter_mm,
    CASE WHEN segmentation.voxel_count = 0 THEN 0 ELSE shape.diameter_3d_mm END AS diameter_3d_mm,
    lesion.split_from IS NOT NULL AS split,
    lesion.merged_into IS NOT NULL AS merged
  FROM imaging.segmentation
  JOIN study.timepoint
    ON timepoint.cohort_id = segmentation.cohort_id
    AND timepoint.patient_id = segmentation.patient_id
    AND timepoint.timepoint_id = segmentation.timepoint_id
  LEFT JOIN study.lesion
    ON lesion.cohort_id = segmentation.cohort_id
    AND lesion.patient_id = segmentation.patient_id
    AND lesion.lesion_id = segmentation.lesion_id
  LEFT JOIN shape
    ON shape.segmentation_id = segmentation.segmentation_id
    AND shape.place = 1
  -- those above are perturbations, made to judge stability
  WHERE segmentation.repeat_no <= 1000
),
one_grid AS (
  -- a region that was drawn on two grids of a visit has no size that is the region's
  SELECT
    cohort_id, patient_id, timepoint_id, region, lesion_id, rater_id, repeat_no, study_day,
    visit_no,
    bool_or(present) AS present,
    CASE WHEN count(*) = 1 THEN max(volume_mm3) END AS volume_mm3,
    CASE WHEN count(*) = 1 THEN max(diameter_mm) END AS diameter_mm,
    CASE WHEN count(*) = 1 THEN max(diameter_3d_mm) END AS diameter_3d_mm,
    bool_or(split) AS split,
    bool_or(merged) AS merged
  FROM drawn
  GROUP BY
    cohort_id, patient_id, timepoint_id, region, lesion_id, rater_id, repeat_no, study_day,
    visit_no
),
followed AS (
  SELECT
    cohort_id, patient_id, timepoint_id, region, lesion_id, rater_id, repeat_no, study_day,
    visit_no, present, volume_mm3, diameter_mm, diameter_3d_mm,
    visit_no = 1 AND NOT merged AS expected,
    present AND NOT split AND visit_no > 1 AND NOT coalesce(bool_or(present) OVER (
      PARTITION BY cohort_id, patient_id, region, lesion_id, rater_id, repeat_no
      ORDER BY visit_no ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), FALSE) AS is_new
  FROM one_grid
),
at_baseline AS (
  SELECT cohort_id, patient_id, region, rater_id, repeat_no, lesion_id
  FROM followed
  WHERE expected
),
missing AS (
  SELECT
    visit.cohort_id, visit.patient_id, visit.region, visit.rater_id, visit.repeat_no,
    visit.visit_no,
    count(*) AS n_missing
  FROM (
    SELECT DISTINCT cohort_id, patient_id, region, rater_id, repeat_no, visit_no FROM followed
  ) AS visit
  JOIN at_baseline
    ON at_baseline.cohort_id = visit.cohort_id
    AND at_baseline.patient_id = visit.patient_id
    AND at_baseline.region = visit.region
    AND at_baseline.rater_id = visit.rater_id
    AND at_baseline.repeat_no = visit.repeat_no
  LEFT JOIN followed
    ON followed.cohort_id = visit.cohort_id
    AND followed.patient_id = visit.patient_id
    AND followed.region = visit.region
    AND followed.rater_id = visit.rater_id
    AND followed.repeat_no = visit.repeat_no
    AND followed.visit_no = visit.visit_no
    AND followed.lesion_id = at_baseline.lesion_id
  WHERE followed.lesion_id IS NULL
  GROUP BY
    visit.cohort_id, visit.patient_id, visit.region, visit.rater_id, visit.repeat_no,
    visit.visit_no
),
sized AS (
  SELECT
    'lesion' AS scope,
    cohort_id, patient_id, timepoint_id, region, lesion_id, rater_id, repeat_no, study_day,
    visit_no,
    CASE WHEN present THEN 1 ELSE 0 END AS n_lesions,
    0 AS n_missing,
    CASE WHEN is_new THEN 1 ELSE 0 END AS n_new,
    volume_mm3, diameter_mm, diameter_3d_mm
  FROM followed
  UNION ALL
  SELECT
    'all_lesions' AS scope,
    followed.cohort_id, followed.patient_id, followed.timepoint_id, followed.region,
    NULL AS lesion_id, followed.rater_id, followed.repeat_no, followed.study_day, followed.visit_no,
    count(*) FILTER (followed.present) AS n_lesions,
    coalesce(max(missing.n_missing), 0) AS n_missing,
    count(*) FILTER (followed.is_new) AS n_new,
    CASE
      WHEN max(missing.n_missing) IS NULL AND count(followed.volume_mm3) = count(*)
        THEN sum(followed.volume_mm3)
    END AS volume_mm3,
    CASE
      WHEN max(missing.n_missing) IS NULL AND count(followed.diameter_mm) = count(*)
        THEN sum(followed.diameter_mm)
    END AS diameter_mm,
    CASE
      WHEN max(missing.n_missing) IS NULL AND count(followed.diameter_3d_mm) = count(*)
        THEN sum(followed.diameter_3d_mm)
    END AS diameter_3d_mm
  FROM followed
  LEFT JOIN missing
    ON missing.cohort_id = followed.cohort_id
    AND missing.patient_id = followed.patient_id
    AND missing.region = followed.region
    AND missing.rater_id = followed.rater_id
    AND missing.repeat_no = followed.repeat_no
    AND missing.visit_no = followed.visit_no
  GROUP BY
    followed.cohort_id, followed.patient_id, followed.timepoint_id, followed.region,
    followed.rater_id, followed.repeat_no, followed.study_day, followed.visit_no
),
compared AS (
  SELECT
    scope, cohort_id, patient_id, timepoint_id, region, lesion_id, rater_id, repeat_no, study_day,
    visit_no, n_lesions, n_missing, n_new, volume_mm3, diameter_mm, diameter_3d_mm,
    max(volume_mm3) FILTER (visit_no = 1) OVER unit AS baseline_volume_mm3,
    max(diameter_mm) FILTER (visit_no = 1) OVER unit AS baseline_diameter_mm,
    min(volume_mm3) OVER earlier AS nadir_volume_mm3,
    min(diameter_mm) OVER earlier AS nadir_diameter_mm
  FROM sized
  WINDOW
    unit AS (PARTITION BY scope, cohort_id, patient_id, region, lesion_id, rater_id, repeat_no),
    earlier AS (
      PARTITION BY scope, cohort_id, patient_id, region, lesion_id, rater_id, repeat_no
      ORDER BY visit_no ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
)
SELECT
  compared.cohort_id,
  patient.person_id,
  compared.patient_id,
  compared.timepoint_id,
  compared.study_day,
  compared.region,
  compared.scope,
  compared.lesion_id,
  compared.rater_id,
  compared.repeat_no,
  compared.visit_no,
  compared.n_lesions,
  compared.n_missing,
  compared.n_new,
  compared.volume_mm3,
  compared.diameter_mm,
  compared.diameter_3d_mm,
  compared.baseline_volume_mm3,
  compared.nadir_volume_mm3,
  (compared.volume_mm3 - compared.baseline_volume_mm3)
    / nullif(compared.baseline_volume_mm3, 0) AS volume_change_from_baseline,
  (compared.volume_mm3 - compared.nadir_volume_mm3)
    / nullif(compared.nadir_volume_mm3, 0) AS volume_change_from_nadir,
  compared.baseline_diameter_mm,
  compared.nadir_diameter_mm,
  (compared.diameter_mm - compared.baseline_diameter_mm)
    / nullif(compared.baseline_diameter_mm, 0) AS diameter_change_from_baseline,
  (compared.diameter_mm - compared.nadir_diameter_mm)
    / nullif(compared.nadir_diameter_mm, 0) AS diameter_change_from_nadir,
  CASE
    WHEN compared.visit_no = 1 THEN NULL
    WHEN compared.n_new > 0 THEN 'PD'
    WHEN compared.volume_mm3 > 0
      AND compared.volume_mm3 >= 1.4 * compared.nadir_volume_mm3 THEN 'PD'
    WHEN compared.baseline_volume_mm3 IS NULL THEN NULL
    WHEN compared.volume_mm3 = 0 THEN 'CR'
    WHEN compared.volume_mm3 <= 0.35 * compared.baseline_volume_mm3 THEN 'PR'
    WHEN compared.volume_mm3 IS NOT NULL THEN 'SD'
  END AS volume_category,
  CASE
    WHEN compared.visit_no = 1 THEN NULL
    WHEN compared.n_new > 0 THEN 'PD'
    WHEN compared.nadir_diameter_mm = 0 AND compared.diameter_mm > 0 THEN 'PD'
    WHEN compared.diameter_mm >= 1.2 * compared.nadir_diameter_mm
      AND compared.diameter_mm - compared.nadir_diameter_mm >= 5 THEN 'PD'
    WHEN compared.baseline_diameter_mm IS NULL THEN NULL
    WHEN compared.diameter_mm = 0 THEN 'CR'
    WHEN compared.diameter_mm <= 0.7 * compared.baseline_diameter_mm THEN 'PR'
    WHEN compared.diameter_mm IS NOT NULL THEN 'SD'
  END AS diameter_category,
  CASE
    WHEN compared.volume_mm3 IS NULL THEN 'size_missing'
    WHEN compared.visit_no = 1 THEN 'baseline'
    WHEN compared.baseline_volume_mm3 IS NULL THEN 'baseline_missing'
    ELSE 'ok'
  END AS size_status
FROM compared
JOIN study.patient
  ON patient.cohort_id = compared.cohort_id
  AND patient.patient_id = compared.patient_id
