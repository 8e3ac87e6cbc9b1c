-- title: Every feature value as quantitative_measurements of the Imaging Data Commons has it
-- grain: a feature of a measurement that is current and has a value
-- reference: NCI Imaging Data Commons, quantitative_measurements; DICOM PS3.16 TID 1419, CID 7475, 7477 and 7478
-- since: 0.1.0
--
-- Column for column the view idc_current.quantitative_measurements on BigQuery, so that queries
-- written for that run here. What holds what: PatientID, the patient_id; SOPInstanceUID, the
-- measurement_id as text, for each measurement counts as a report with one group, number 0 in
-- measurementGroup_number; SeriesDescription, profile and engine with its version;
-- segmentationInstanceUID, the segmentation_id; sourceSegmentedSeriesUID, the series_id;
-- trackingIdentifier, the lesion_id; trackingUniqueIdentifier, cohort, patient and lesion.
-- These are ids of this warehouse and no DICOM UIDs. Quantity is the IBSI code with the meaning
-- that DICOM gives it, where the feature is the IBSI's own and of the original image; else
-- feature and code scheme 99ROENTGENE. Units are UCUM, NULL where a value follows the grey values.
-- finding is the region, findingSite the anatomic_site of the lesion and lateralityModifier its
-- side, as words of this warehouse (99ROENTGENE). Value is a DOUBLE, for NUMERIC of BigQuery has
-- nine decimals; z-scored values are left out. NULL for want of DICOM: SeriesInstanceUID, segmentationSeriesUID,
-- segmentationSegmentNumber, derivationModifier, and every CodingSchemeVersion. Values that are
-- undefined have no row, as there.
WITH meaning AS (
  SELECT ibsi_code, code_meaning
  FROM (VALUES
    ('RNU0', 'Volume of Mesh'),
    ('YEKZ', 'Volume from Voxel Summation'),
    ('C0JK', 'Surface Area of Mesh'),
    ('2PR5', 'Surface to Volume Ratio'),
    ('SKGS', 'Compactness 1'),
    ('BQWJ', 'Compactness 2'),
    ('KRCK', 'Spherical Disproportion'),
    ('QCFX', 'Sphericity'),
    ('25C7', 'Asphericity'),
    ('KLMA', 'Centre of Mass Shift'),
    ('L0JK', 'Maximum 3D Diameter of a Mesh'),
    ('TDIC', 'Major Axis in 3D Length'),
    ('P9VJ', 'Minor Axis in 3D Length'),
    ('7J51', 'Least Axis in 3D Length'),
    ('Q3CK', 'Elongation'),
    ('N17B', 'Flatness'),
    ('PBX1', 'Volume Density in Frame of Reference Axis Aligned Bounding Box'),
    ('R59B', 'Area Density in Frame of Reference Axis Aligned Bounding Box'),
    ('6BDE', 'Volume Density in Approximate Enclosing Ellipsoid'),
    ('RDD2', 'Area Density in Approximate Enclosing Ellipsoid'),
    ('R3ER', 'Volume Density in Convex Hull'),
    ('7T7F', 'Area Density in Convex Hull'),
    ('99N0', 'Integrated Intensity'),
    ('N365', 'Moran''s I Index'),
    ('NPT7', 'Geary''s C Measure'),
    ('22OV', 'Short Runs Emphasis'),
    ('W4KF', 'Long Runs Emphasis'),
    ('V3SW', 'Low Gray Level Run Emphasis'),
    ('G3QZ', 'High Gray Level Run Emphasis'),
    ('HTZT', 'Short Run Low Gray Level Emphasis'),
    ('GD3A', 'Short Run High Gray Level Emphasis'),
    ('IVPO', 'Long Run Low Gray Level Emphasis'),
    ('3KUM', 'Long Run High Gray Level Emphasis'),
    ('R5YN', 'Gray Level Nonuniformity in Runs'),
    ('OVBL', 'Normalized Gray Level Nonuniformity in Runs'),
    ('W92Y', 'Run Length Nonuniformity'),
    ('IC23', 'Normalized Run Length Nonuniformity'),
    ('9ZK5', 'Run Percentage'),
    ('8CE5', 'Gray Level Variance in Runs'),
    ('SXLW', 'Run Length Variance'),
    ('HJ9O', 'Run Entropy'),
    ('X6K6', 'Intensity Histogram Mean'),
    ('CH89', 'Intensity Histogram Variance'),
    ('88K1', 'Intensity Histogram Skewness'),
    ('C3I7', 'Intensity Histogram Kurtosis'),
    ('WIFQ', 'Intensity Histogram Median'),
    ('1PR8', 'Intensity Histogram Minimum Gray Level'),
    ('GPMT', 'Intensity Histogram 10th Percentile'),
    ('OZ0C', 'Intensity Histogram 90th Percentile'),
    ('3NCY', 'Intensity Histogram Maximum Gray Level'),
    ('AMMC', 'Intensity Histogram Mode'),
    ('WR0O', 'Intensity Histogram Interquartile Range'),
    ('5Z3W', 'Intensity Histogram Range'),
    ('D2ZX', 'Intensity Histogram Mean Absolute Deviation'),
    ('WRZB', 'Intensity Histogram Robust Mean Absolute Deviation'),
    ('4RNL', 'Intensity Histogram Median Absolute Deviation'),
    ('CWYJ', 'Intensity Histogram Coefficient of Variation'),
    ('SLWD', 'Intensity Histogram Quartile Coefficient of Dispersion'),
    ('TLU2', 'Intensity Histogram Entropy'),
    ('BJ5W', 'Intensity Histogram Uniformity'),
    ('12CE', 'Intensity Histogram Maximum Gradient'),
    ('8E6O', 'Intensity Histogram Maximum Gradient Gray Level'),
    ('VQB3', 'Intensity Histogram Minimum Gradient'),
    ('RHQZ', 'Intensity Histogram Minimum Gradient Gray Level')
  ) AS listed (ibsi_code, code_meaning)
),
unit_meaning AS (
  SELECT unit, ucum, code_meaning
  FROM (VALUES
    ('1', '1', 'no units'),
    ('mm', 'mm', 'millimeter'),
    ('mm2', 'mm2', 'square millimeter'),
    ('mm3', 'mm3', 'cubic millimeter'),
    ('1/mm', '/mm', 'per millimeter')
  ) AS listed (unit, ucum, code_meaning)
),
quantity AS (
  SELECT
    feature.feature_id,
    CASE
      WHEN feature.ibsi_status = 'exact' AND feature.image_type = 'original'
        THEN {
          'CodeValue': feature.ibsi_code,
          'CodingSchemeDesignator': 'IBSI',
          'CodeMeaning': coalesce(meaning.code_meaning, feature.name)
        }
      ELSE {
        'CodeValue': feature.feature,
        'CodingSchemeDesignator': '99ROENTGENE',
        'CodeMeaning': feature.feature
      }
    END AS code,
    CASE
      WHEN feature.unit IS NOT NULL THEN {
        'CodeValue': coalesce(unit_meaning.ucum, feature.unit),
        'CodingSchemeDesignator': 'UCUM',
        'CodingSchemeVersion': CAST(NULL AS VARCHAR),
        'CodeMeaning': coalesce(unit_meaning.code_meaning, feature.unit)
      }
    END AS units
  FROM vocab.feature
  LEFT JOIN meaning ON meaning.ibsi_code = feature.ibsi_code
  LEFT JOIN unit_meaning ON unit_meaning.unit = feature.unit
)
SELECT
  segmentation.patient_id AS "PatientID",
  CAST(measurement.measurement_id AS VARCHAR) AS "SOPInstanceUID",
  CAST(NULL AS VARCHAR) AS "SeriesInstanceUID",
  concat_ws(' ', extraction.profile, extraction.engine, extraction.engine_version)
    AS "SeriesDescription",
  CAST(0 AS BIGINT) AS "measurementGroup_number",
  measurement.segmentation_id AS "segmentationInstanceUID",
  CAST(NULL AS VARCHAR) AS "segmentationSeriesUID",
  CAST(NULL AS BIGINT) AS "segmentationSegmentNumber",
  measurement.series_id AS "sourceSegmentedSeriesUID",
  segmentation.lesion_id AS "trackingIdentifier",
  concat_ws('/', segmentation.cohort_id, segmentation.patient_id, segmentation.lesion_id)
    AS "trackingUniqueIdentifier",
  quantity.code AS "Quantity",
  CAST(NULL AS STRUCT(
    "CodeValue" VARCHAR, "CodingSchemeDesignator" VARCHAR, "CodeMeaning" VARCHAR
  )) AS "derivationModifier",
  CASE
    WHEN lesion.laterality IS NOT NULL THEN {
      'CodeValue': lesion.laterality,
      'CodingSchemeDesignator': '99ROENTGENE',
      'CodeMeaning': lesion.laterality
    }
  END AS "lateralityModifier",
  feature_value.value AS "Value",
  quantity.units AS "Units",
  {
    'CodeValue': segmentation.region,
    'CodingSchemeDesignator': '99ROENTGENE',
    'CodingSchemeVersion': CAST(NULL AS VARCHAR),
    'CodeMeaning': segmentation.region
  } AS "finding",
  CASE
    WHEN lesion.anatomic_site IS NOT NULL THEN {
      'CodeValue': lesion.anatomic_site,
      'CodingSchemeDesignator': '99ROENTGENE',
      'CodingSchemeVersion': CAST(NULL AS VARCHAR),
      'CodeMeaning': lesion.anatomic_site
    }
  END AS "findingSite"
FROM imaging.feature_value
JOIN quantity ON quantity.feature_id = feature_value.feature_id
JOIN imaging.measurement
  ON measurement.cohort_id = feature_value.cohort_id
  AND measurement.measurement_id = feature_value.measurement_id
JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
LEFT JOIN study.lesion
  ON lesion.cohort_id = segmentation.cohort_id
  AND lesion.patient_id = segmentation.patient_id
  AND lesion.lesion_id = segmentation.lesion_id
WHERE measurement.current
  -- those above are perturbations, made to judge stability
  AND segmentation.repeat_no <= 1000
  AND feature_value.value_status = 'ok'
  AND extraction.value_scale = 'raw'
