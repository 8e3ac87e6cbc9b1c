-- title: To which row and group of columns each measurement belongs
-- grain: a measurement that stands for a person, alone or as one of the lesions of a mean
-- reference: mart.patient_measurement
--
-- release_place and release_group are given: they say which number stands for what.
SELECT
  patient_measurement.measurement_id,
  release_place.row_no,
  release_group.group_no,
  patient_measurement.averaged
FROM mart.patient_measurement AS patient_measurement
JOIN release_place
  ON release_place.cohort_id = patient_measurement.cohort_id
  AND release_place.patient_id = patient_measurement.patient_id
  AND release_place.timepoint_id = patient_measurement.timepoint_id
JOIN release_group
  ON release_group.timepoint_id = patient_measurement.timepoint_id
  AND release_group.sequence = patient_measurement.sequence
  AND release_group.region = patient_measurement.region
  AND release_group.profile = patient_measurement.profile
  AND release_group.engine = patient_measurement.engine
ORDER BY patient_measurement.measurement_id
