-- title: Measurements of lesions, among which the lesion rule of the study chooses
-- grain: a person of a cohort x timepoint x sequence x region x profile x engine x lesion
-- reference: patient_feature in study.yaml: reference_rater, series_rule, lesion_rule
-- since: 0.1.0
--
-- Current measurements of the first repeat, with status ok, as the rater and series rules take
-- them; mart.patient_measurement says which one stands for the person.
-- Rater: with a reference_rater only that one's regions count; without, a region (as measured at
-- one visit on one sequence under one profile) must have been drawn by one rater only, and where
-- several drew it no row appears. Series, where one sequence of a visit stands on several (the
-- volumes of a 4-D image): series_rule only takes what was measured on one alone; first_volume
-- takes the lowest volume_index; finest the smallest voxels, ties by volume_index, and none where
-- the spacing of one is not known. It chooses among those on which the region was measured.
-- n_lesions counts the lesions whose voxels are in the mask, n_volumes those of a known volume,
-- n_weighted those that a weighted mean can use; largest is the lesion of the largest volume_mm3,
-- ties by lesion_id. If the series that a rule takes was refused or failed, the next one does not
-- stand in for it. A person who is two patients of one cohort with the same cell has no row.
-- Without a stored rule, largest and only hold, as in study.yaml. Every step groups by the same
-- columns, so that a question about one sequence or region looks at its measurements alone.
WITH rule AS (
  SELECT
    max(value) FILTER (name = 'reference_rater') AS reference_rater,
    coalesce(max(value) FILTER (name = 'series_rule'), 'only') AS series_rule,
    coalesce(max(value) FILTER (name = 'lesion_rule'), 'largest') AS lesion_rule
  FROM study.setting
),
measured AS (
  SELECT
    measurement.measurement_id,
    measurement.status,
    segmentation.cohort_id,
    patient.person_id,
    segmentation.patient_id,
    segmentation.timepoint_id,
    series.series_id,
    series.sequence,
    series.modality,
    -- without an index the series is no volume of a 4-D image, and comes before those
    coalesce(series.volume_index, -1) AS volume_index,
    series.spacing_x * series.spacing_y * series.spacing_z AS voxel_mm3,
    segmentation.region,
    extraction.profile,
    extraction.engine,
    extraction.value_scale,
    segmentation.lesion_id,
    segmentation.rater_id,
    segmentation.volume_mm3
  FROM imaging.measurement
  JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
  JOIN imaging.series ON series.series_id = measurement.series_id
  JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
  JOIN study.patient
    ON patient.cohort_id = segmentation.cohort_id
    AND patient.patient_id = segmentation.patient_id
  WHERE measurement.current
    AND segmentation.repeat_no = 1
),
cell AS (
  SELECT
    cohort_id, person_id, timepoint_id, sequence, region, profile, engine,
    min(rater_id) = max(rater_id) AS one_rater,
    min(patient_id) = max(patient_id) AS one_patient,
    min(series_id) = max(series_id) AS one_series,
    count(voxel_mm3) = count(*) AS sizes_known,
    min({'volume': volume_index, 'id': series_id}).id AS first_volume,
    min({'size': voxel_mm3, 'volume': volume_index, 'id': series_id}).id AS finest,
    list({
      'measurement_id': measurement_id, 'status': status, 'patient_id': patient_id,
      'series_id': series_id, 'modality': modality, 'value_scale': value_scale,
      'lesion_id': lesion_id, 'rater_id': rater_id, 'volume_mm3': volume_mm3
    }) AS members
  FROM measured
  GROUP BY cohort_id, person_id, timepoint_id, sequence, region, profile, engine
),
member AS (
  SELECT
    cell.cohort_id, cell.person_id, cell.timepoint_id, cell.sequence, cell.region, cell.profile,
    cell.engine, cell.one_rater, cell.one_series, cell.sizes_known, cell.first_volume,
    cell.finest, unnest(cell.members) AS measured
  FROM cell
  WHERE cell.one_patient
),
lesion AS (
  SELECT
    member.cohort_id, member.person_id, member.timepoint_id, member.sequence, member.region,
    member.profile, member.engine, rule.reference_rater, rule.lesion_rule,
    member.measured.lesion_id AS lesion_id,
    count(*) AS n_measurements,
    max(member.measured.volume_mm3) AS volume_mm3,
    -- looked at only where it is the one measurement of its lesion
    any_value(member.measured) AS measured
  FROM member
  CROSS JOIN rule
  WHERE member.measured.status <> 'label_absent'
    AND coalesce(member.measured.rater_id = rule.reference_rater, member.one_rater)
    AND CASE rule.series_rule
      WHEN 'first_volume' THEN member.measured.series_id = member.first_volume
      WHEN 'finest' THEN
        member.one_series
        OR (member.sizes_known AND member.measured.series_id = member.finest)
      ELSE TRUE
    END
  GROUP BY
    member.cohort_id, member.person_id, member.timepoint_id, member.sequence, member.region,
    member.profile, member.engine, rule.reference_rater, rule.lesion_rule,
    member.measured.lesion_id
),
compared AS (
  SELECT
    cohort_id, person_id, timepoint_id, sequence, region, profile, engine,
    reference_rater, lesion_rule,
    count(*) AS n_lesions,
    count(volume_mm3) AS n_volumes,
    count(*) FILTER (n_measurements = 1 AND measured.status = 'ok' AND volume_mm3 > 0)
      AS n_weighted,
    min({'size': -volume_mm3, 'id': lesion_id}).id AS largest,
    list(measured) FILTER (n_measurements = 1 AND measured.status = 'ok') AS usable
  FROM lesion
  GROUP BY
    cohort_id, person_id, timepoint_id, sequence, region, profile, engine, reference_rater,
    lesion_rule
),
usable AS (
  SELECT
    compared.cohort_id, compared.person_id, compared.timepoint_id, compared.sequence,
    compared.region, compared.profile, compared.engine, compared.reference_rater,
    compared.lesion_rule, compared.n_lesions, compared.n_volumes, compared.n_weighted,
    compared.largest, unnest(compared.usable) AS measured
  FROM compared
)
SELECT
  usable.cohort_id,
  usable.person_id,
  usable.measured.patient_id AS patient_id,
  usable.timepoint_id,
  usable.sequence,
  usable.measured.modality AS modality,
  usable.region,
  usable.profile,
  usable.engine,
  usable.measured.value_scale AS value_scale,
  usable.measured.lesion_id AS lesion_id,
  usable.measured.rater_id AS rater_id,
  CASE WHEN usable.reference_rater IS NULL THEN 'only' ELSE 'reference' END AS rater_rule,
  usable.lesion_rule,
  usable.n_lesions,
  usable.n_volumes,
  usable.n_weighted,
  usable.largest,
  usable.measured.measurement_id AS measurement_id,
  usable.measured.series_id AS series_id,
  usable.measured.volume_mm3 AS volume_mm3
FROM usable
