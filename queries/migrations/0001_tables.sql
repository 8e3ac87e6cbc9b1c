-- Every table as schemas/tables declares it; made by roentgene.queries.migration.
CREATE SCHEMA IF NOT EXISTS "study";
CREATE SCHEMA IF NOT EXISTS "vocab";
CREATE SCHEMA IF NOT EXISTS "imaging";
CREATE SCHEMA IF NOT EXISTS "genomic";
CREATE SCHEMA IF NOT EXISTS "clinical";
CREATE SCHEMA IF NOT EXISTS "ops";
CREATE SCHEMA IF NOT EXISTS "result";
CREATE SCHEMA IF NOT EXISTS "mart";
CREATE SCHEMA IF NOT EXISTS "idc";
CREATE SCHEMA IF NOT EXISTS "mart_versions";
CREATE TABLE "study"."cohort" (
  "cohort_id" TEXT NOT NULL,
  "title" TEXT NOT NULL,
  "license" TEXT NOT NULL,
  "day_zero" TEXT NOT NULL,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "study"."cohort" IS 'One row is a population.';
COMMENT ON COLUMN "study"."cohort"."cohort_id" IS 'short name of the population';
COMMENT ON COLUMN "study"."cohort"."title" IS 'what the population is';
COMMENT ON COLUMN "study"."cohort"."license" IS 'licence or terms under which the data may be used';
COMMENT ON COLUMN "study"."cohort"."day_zero" IS 'event from which the cohort counts its days';
COMMENT ON COLUMN "study"."cohort"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "study"."patient" (
  "cohort_id" TEXT NOT NULL,
  "patient_id" TEXT NOT NULL,
  "person_id" TEXT NOT NULL,
  "sex" TEXT,
  "age_at_day_zero" DOUBLE,
  "site" TEXT,
  "index_lesion" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "study"."patient" IS 'One row is a patient of a cohort.';
COMMENT ON COLUMN "study"."patient"."cohort_id" IS 'population';
COMMENT ON COLUMN "study"."patient"."patient_id" IS 'pseudonym of the patient after the declared id rules';
COMMENT ON COLUMN "study"."patient"."person_id" IS 'the human being; joins patients of several cohorts by a declared table, else cohort_id:patient_id';
COMMENT ON COLUMN "study"."patient"."sex" IS 'sex as recorded';
COMMENT ON COLUMN "study"."patient"."age_at_day_zero" IS 'age at the cohort''s day zero [years]';
COMMENT ON COLUMN "study"."patient"."site" IS 'institution or scanner site';
COMMENT ON COLUMN "study"."patient"."index_lesion" IS 'lesion_id of the index lesion, where a clinical table names it; mart.index_lesion has that of every patient';
COMMENT ON COLUMN "study"."patient"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "study"."lesion" (
  "cohort_id" TEXT NOT NULL,
  "patient_id" TEXT NOT NULL,
  "lesion_id" TEXT NOT NULL,
  "anatomic_site" TEXT,
  "laterality" TEXT,
  "split_from" TEXT,
  "merged_into" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "study"."lesion" IS 'One row is a lesion of a patient.';
COMMENT ON COLUMN "study"."lesion"."cohort_id" IS 'population';
COMMENT ON COLUMN "study"."lesion"."patient_id" IS 'patient';
COMMENT ON COLUMN "study"."lesion"."lesion_id" IS 'name of the lesion within the patient';
COMMENT ON COLUMN "study"."lesion"."anatomic_site" IS 'where it lies';
COMMENT ON COLUMN "study"."lesion"."laterality" IS 'side';
COMMENT ON COLUMN "study"."lesion"."split_from" IS 'lesion_id that this one split from';
COMMENT ON COLUMN "study"."lesion"."merged_into" IS 'lesion_id that this one merged into';
COMMENT ON COLUMN "study"."lesion"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "study"."timepoint" (
  "cohort_id" TEXT NOT NULL,
  "patient_id" TEXT NOT NULL,
  "timepoint_id" TEXT NOT NULL,
  "study_day" INT,
  "visit_order" INT NOT NULL,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "study"."timepoint" IS 'One row is an imaging visit of a patient.';
COMMENT ON COLUMN "study"."timepoint"."cohort_id" IS 'population';
COMMENT ON COLUMN "study"."timepoint"."patient_id" IS 'patient';
COMMENT ON COLUMN "study"."timepoint"."timepoint_id" IS 'name of the visit, e.g. baseline';
COMMENT ON COLUMN "study"."timepoint"."study_day" IS 'day of the visit from day zero; NULL where it is not known [days]';
COMMENT ON COLUMN "study"."timepoint"."visit_order" IS 'position in the sequence of visits, 0 first';
COMMENT ON COLUMN "study"."timepoint"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "study"."expectation" (
  "cohort_id" TEXT NOT NULL,
  "block" TEXT NOT NULL,
  "timepoint_id" TEXT,
  "sequence" TEXT,
  "region" TEXT,
  "rater_id" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "study"."expectation" IS 'One row is a cell that the cohort file says every patient should have.';
COMMENT ON COLUMN "study"."expectation"."cohort_id" IS 'population';
COMMENT ON COLUMN "study"."expectation"."block" IS 'imaging, or the kind of a table (clinical, expression, mutation, dose …)';
COMMENT ON COLUMN "study"."expectation"."timepoint_id" IS 'expected visit; NULL for a table';
COMMENT ON COLUMN "study"."expectation"."sequence" IS 'expected sequence; NULL for a table';
COMMENT ON COLUMN "study"."expectation"."region" IS 'expected region; NULL for a table';
COMMENT ON COLUMN "study"."expectation"."rater_id" IS 'expected rater; NULL for any, and for a table';
COMMENT ON COLUMN "study"."expectation"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "study"."specimen_rule" (
  "cohort_id" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "step_no" INT NOT NULL,
  "criterion" TEXT NOT NULL,
  "place" INT NOT NULL,
  "word" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "study"."specimen_rule" IS 'One row is a word or step of the rule that picks one specimen of each patient.';
COMMENT ON COLUMN "study"."specimen_rule"."cohort_id" IS 'population';
COMMENT ON COLUMN "study"."specimen_rule"."name" IS 'name of the rule';
COMMENT ON COLUMN "study"."specimen_rule"."step_no" IS 'position of the step, 1 first; a later step decides where the earlier ones leave several specimens';
COMMENT ON COLUMN "study"."specimen_rule"."criterion" IS 'what the step looks at; mean = no specimen is picked, their values are averaged';
COMMENT ON COLUMN "study"."specimen_rule"."place" IS 'position of the word among those of its step, the preferred one first; 1 where the step has none';
COMMENT ON COLUMN "study"."specimen_rule"."word" IS 'sample_type or timepoint that is preferred';
COMMENT ON COLUMN "study"."specimen_rule"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "study"."flow_step" (
  "cohort_id" TEXT NOT NULL,
  "step_no" INT NOT NULL,
  "step" TEXT NOT NULL,
  "has" TEXT NOT NULL,
  "name" TEXT,
  "among" TEXT[],
  "timepoint_id" TEXT,
  "sequence" TEXT,
  "region" TEXT,
  "profile" TEXT,
  "reason" TEXT NOT NULL,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "study"."flow_step" IS 'One row is a step of the flow of patients that the cohort file declares.';
COMMENT ON COLUMN "study"."flow_step"."cohort_id" IS 'population';
COMMENT ON COLUMN "study"."flow_step"."step_no" IS 'position of the step; 1 is the first after the whole cohort';
COMMENT ON COLUMN "study"."flow_step"."step" IS 'what the step is called';
COMMENT ON COLUMN "study"."flow_step"."has" IS 'what a patient must have';
COMMENT ON COLUMN "study"."flow_step"."name" IS 'variable, endpoint, event_type, treatment, criteria, marker, sample_type or assay; NULL for any';
COMMENT ON COLUMN "study"."flow_step"."among" IS 'words of which the patient must have one; NULL for any value';
COMMENT ON COLUMN "study"."flow_step"."timepoint_id" IS 'visit; NULL for any';
COMMENT ON COLUMN "study"."flow_step"."sequence" IS 'sequence of features; NULL for any';
COMMENT ON COLUMN "study"."flow_step"."region" IS 'region of features; NULL for any';
COMMENT ON COLUMN "study"."flow_step"."profile" IS 'profile of features; NULL for any';
COMMENT ON COLUMN "study"."flow_step"."reason" IS 'why patients are lost at the step';
COMMENT ON COLUMN "study"."flow_step"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "study"."person_link" (
  "cohort_id" TEXT NOT NULL,
  "patient_id" TEXT NOT NULL,
  "other_cohort_id" TEXT NOT NULL,
  "other_patient_id" TEXT NOT NULL,
  "zero_offset_days" INT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "study"."person_link" IS 'One row is a patient who is the same person as a patient of another cohort.';
COMMENT ON COLUMN "study"."person_link"."cohort_id" IS 'population';
COMMENT ON COLUMN "study"."person_link"."patient_id" IS 'patient';
COMMENT ON COLUMN "study"."person_link"."other_cohort_id" IS 'the other population';
COMMENT ON COLUMN "study"."person_link"."other_patient_id" IS 'the same person there';
COMMENT ON COLUMN "study"."person_link"."zero_offset_days" IS 'day of this cohort''s day zero, counted from that of the other cohort; NULL where it is not known [days]';
COMMENT ON COLUMN "study"."person_link"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "study"."setting" (
  "name" TEXT NOT NULL,
  "value" TEXT
);
COMMENT ON TABLE "study"."setting" IS 'One row is a rule of study.yaml that views read.';
COMMENT ON COLUMN "study"."setting"."name" IS 'reference_rater, series_rule, lesion_rule, index_region …';
COMMENT ON COLUMN "study"."setting"."value" IS 'value; NULL where the rule is left open';
CREATE TABLE "study"."day_window" (
  "name" TEXT NOT NULL,
  "anchor" TEXT NOT NULL,
  "from_day" INT NOT NULL,
  "to_day" INT NOT NULL
);
COMMENT ON TABLE "study"."day_window" IS 'One row is a window of days by name, as study.yaml has it.';
COMMENT ON COLUMN "study"."day_window"."name" IS 'name of the window: post_treatment …';
COMMENT ON COLUMN "study"."day_window"."anchor" IS 'from which its days count: baseline, day_zero, rt_end or another event_type';
COMMENT ON COLUMN "study"."day_window"."from_day" IS 'first day of the window [days]';
COMMENT ON COLUMN "study"."day_window"."to_day" IS 'last day of the window [days]';
CREATE TABLE "vocab"."feature" (
  "feature_id" INT NOT NULL,
  "engine" TEXT NOT NULL,
  "feature" TEXT NOT NULL,
  "image_type" TEXT NOT NULL,
  "class" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "ibsi_code" TEXT,
  "ibsi_aggregation" TEXT,
  "ibsi_status" TEXT NOT NULL,
  "unit" TEXT,
  "volume_dependent" BOOLEAN,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "vocab"."feature" IS 'One row is a feature of an engine.';
COMMENT ON COLUMN "vocab"."feature"."feature_id" IS 'number given at commit';
COMMENT ON COLUMN "vocab"."feature"."engine" IS 'engine that defines it';
COMMENT ON COLUMN "vocab"."feature"."feature" IS 'the engine''s own name, e.g. original_glcm_Contrast';
COMMENT ON COLUMN "vocab"."feature"."image_type" IS 'original, wavelet-LLH, log-sigma-3-0-mm-3D …';
COMMENT ON COLUMN "vocab"."feature"."class" IS 'shape, morphology, firstorder, local_intensity, histogram, volume_histogram, glcm, glrlm, glszm, gldzm, gldm (IBSI''s ngldm), ngtdm, diagnostics, moments, deep, or other';
COMMENT ON COLUMN "vocab"."feature"."name" IS 'name within its class';
COMMENT ON COLUMN "vocab"."feature"."ibsi_code" IS 'code of the IBSI reference manual';
COMMENT ON COLUMN "vocab"."feature"."ibsi_aggregation" IS 'code of the IBSI aggregation method';
COMMENT ON COLUMN "vocab"."feature"."ibsi_status" IS 'how the definition stands to IBSI''s';
COMMENT ON COLUMN "vocab"."feature"."unit" IS 'unit; NULL where it follows the image''s grey values';
COMMENT ON COLUMN "vocab"."feature"."volume_dependent" IS 'whether the value changes with the number of voxels by definition; NULL where the feature is not known';
COMMENT ON COLUMN "vocab"."feature"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "vocab"."region" (
  "region" TEXT NOT NULL,
  "parent" TEXT,
  "derivation" TEXT NOT NULL,
  "title" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "vocab"."region" IS 'One row is a named region.';
COMMENT ON COLUMN "vocab"."region"."region" IS 'name, e.g. WT';
COMMENT ON COLUMN "vocab"."region"."parent" IS 'region it is derived from or lies in';
COMMENT ON COLUMN "vocab"."region"."derivation" IS 'drawn, or the rule that makes it';
COMMENT ON COLUMN "vocab"."region"."title" IS 'what it is';
COMMENT ON COLUMN "vocab"."region"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "vocab"."gene" (
  "hugo_symbol" TEXT NOT NULL,
  "hgnc_id" TEXT,
  "entrez_gene_id" BIGINT,
  "ensembl_gene_id" TEXT,
  "previous_symbols" TEXT[],
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "vocab"."gene" IS 'One row is a gene that occurs in a cohort, as HGNC''s release of 2025-10-07 has it.';
COMMENT ON COLUMN "vocab"."gene"."hugo_symbol" IS 'approved symbol';
COMMENT ON COLUMN "vocab"."gene"."hgnc_id" IS 'HGNC id; NULL for the few genes that HGNC does not number, as readthroughs';
COMMENT ON COLUMN "vocab"."gene"."entrez_gene_id" IS 'NCBI gene id';
COMMENT ON COLUMN "vocab"."gene"."ensembl_gene_id" IS 'Ensembl gene id';
COMMENT ON COLUMN "vocab"."gene"."previous_symbols" IS 'previous and alias symbols';
COMMENT ON COLUMN "vocab"."gene"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "vocab"."gene_set" (
  "collection" TEXT NOT NULL,
  "version" TEXT NOT NULL,
  "gene_set" TEXT NOT NULL,
  "hugo_symbol" TEXT NOT NULL,
  "as_given" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "vocab"."gene_set" IS 'One row is a gene of a gene set.';
COMMENT ON COLUMN "vocab"."gene_set"."collection" IS 'collection, e.g. hallmark';
COMMENT ON COLUMN "vocab"."gene_set"."version" IS 'version of the collection';
COMMENT ON COLUMN "vocab"."gene_set"."gene_set" IS 'name of the set';
COMMENT ON COLUMN "vocab"."gene_set"."hugo_symbol" IS 'member by its approved symbol, or as given where it is none';
COMMENT ON COLUMN "vocab"."gene_set"."as_given" IS 'member as the file calls it';
COMMENT ON COLUMN "vocab"."gene_set"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "vocab"."marker" (
  "marker" TEXT NOT NULL,
  "equivalent" TEXT NOT NULL,
  "tells" TEXT NOT NULL,
  "hugo_symbols" TEXT[],
  "protein_changes" TEXT[],
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "vocab"."marker" IS 'One row is a column or gene that tells a marker.';
COMMENT ON COLUMN "vocab"."marker"."marker" IS 'IDH, MGMT …';
COMMENT ON COLUMN "vocab"."marker"."equivalent" IS 'name that gives the marker away as a predictor, in small letters and digits alone: idh1status';
COMMENT ON COLUMN "vocab"."marker"."tells" IS 'what it says of the patient or the tumour';
COMMENT ON COLUMN "vocab"."marker"."hugo_symbols" IS 'genes that it speaks of, each of which must be wild type for the marker to be';
COMMENT ON COLUMN "vocab"."marker"."protein_changes" IS 'changes that it is positive for, where no other mutation of the gene counts';
COMMENT ON COLUMN "vocab"."marker"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "vocab"."marker_result" (
  "tells" TEXT NOT NULL,
  "word" TEXT NOT NULL,
  "result" TEXT NOT NULL,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "vocab"."marker_result" IS 'One row is a word for the result of markers that tell the same.';
COMMENT ON COLUMN "vocab"."marker_result"."tells" IS 'what the markers say';
COMMENT ON COLUMN "vocab"."marker_result"."word" IS 'the word in small letters, digits, + and - alone';
COMMENT ON COLUMN "vocab"."marker_result"."result" IS 'result that it stands for; undecided where something was done and nothing is known';
COMMENT ON COLUMN "vocab"."marker_result"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "imaging"."series" (
  "series_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "patient_id" TEXT NOT NULL,
  "timepoint_id" TEXT NOT NULL,
  "modality" TEXT,
  "sequence" TEXT NOT NULL,
  "volume_index" INT,
  "source" TEXT NOT NULL,
  "file_path" TEXT,
  "content_hash" TEXT,
  "space_id" TEXT,
  "size_x" INT,
  "size_y" INT,
  "size_z" INT,
  "spacing_x" DOUBLE,
  "spacing_y" DOUBLE,
  "spacing_z" DOUBLE,
  "scanner" TEXT,
  "protocol" TEXT,
  "manufacturer" TEXT,
  "manufacturer_model" TEXT,
  "field_strength_t" DOUBLE,
  "slice_thickness_mm" DOUBLE,
  "convolution_kernel" TEXT,
  "repetition_time_ms" DOUBLE,
  "echo_time_ms" DOUBLE,
  "inversion_time_ms" DOUBLE,
  "flip_angle_deg" DOUBLE,
  "contrast_agent" TEXT,
  "kvp" DOUBLE,
  "units" TEXT,
  "derived_from" TEXT,
  "derivation" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "imaging"."series" IS 'One row is an image, acquired or derived.';
COMMENT ON COLUMN "imaging"."series"."series_id" IS 'hash of cohort, patient, timepoint, sequence and volume';
COMMENT ON COLUMN "imaging"."series"."cohort_id" IS 'population';
COMMENT ON COLUMN "imaging"."series"."patient_id" IS 'patient';
COMMENT ON COLUMN "imaging"."series"."timepoint_id" IS 'visit';
COMMENT ON COLUMN "imaging"."series"."modality" IS 'DICOM modality: CT, MR, PT …';
COMMENT ON COLUMN "imaging"."series"."sequence" IS 'name of the image within the visit: T1, FLAIR, PET …';
COMMENT ON COLUMN "imaging"."series"."volume_index" IS 'which volume of a 4-D image, 0 the first; NULL for a 3-D one';
COMMENT ON COLUMN "imaging"."series"."source" IS 'image = read here, table = features came ready-made';
COMMENT ON COLUMN "imaging"."series"."file_path" IS 'where it was read from, relative to the cohort file where possible';
COMMENT ON COLUMN "imaging"."series"."content_hash" IS 'sha256 of the file; NULL for source table';
COMMENT ON COLUMN "imaging"."series"."space_id" IS 'hash of size, spacing, origin and direction';
COMMENT ON COLUMN "imaging"."series"."size_x" IS 'columns [voxels]';
COMMENT ON COLUMN "imaging"."series"."size_y" IS 'rows [voxels]';
COMMENT ON COLUMN "imaging"."series"."size_z" IS 'slices [voxels]';
COMMENT ON COLUMN "imaging"."series"."spacing_x" IS 'voxel size [mm]';
COMMENT ON COLUMN "imaging"."series"."spacing_y" IS 'voxel size [mm]';
COMMENT ON COLUMN "imaging"."series"."spacing_z" IS 'voxel size [mm]';
COMMENT ON COLUMN "imaging"."series"."scanner" IS 'manufacturer and model';
COMMENT ON COLUMN "imaging"."series"."protocol" IS 'acquisition protocol';
COMMENT ON COLUMN "imaging"."series"."manufacturer" IS 'DICOM Manufacturer';
COMMENT ON COLUMN "imaging"."series"."manufacturer_model" IS 'DICOM ManufacturerModelName';
COMMENT ON COLUMN "imaging"."series"."field_strength_t" IS 'DICOM MagneticFieldStrength [T]';
COMMENT ON COLUMN "imaging"."series"."slice_thickness_mm" IS 'DICOM SliceThickness; the distance of slices is spacing_z [mm]';
COMMENT ON COLUMN "imaging"."series"."convolution_kernel" IS 'DICOM ConvolutionKernel';
COMMENT ON COLUMN "imaging"."series"."repetition_time_ms" IS 'DICOM RepetitionTime [ms]';
COMMENT ON COLUMN "imaging"."series"."echo_time_ms" IS 'DICOM EchoTime [ms]';
COMMENT ON COLUMN "imaging"."series"."inversion_time_ms" IS 'DICOM InversionTime [ms]';
COMMENT ON COLUMN "imaging"."series"."flip_angle_deg" IS 'DICOM FlipAngle [degree]';
COMMENT ON COLUMN "imaging"."series"."contrast_agent" IS 'DICOM ContrastBolusAgent';
COMMENT ON COLUMN "imaging"."series"."kvp" IS 'DICOM KVP [kV]';
COMMENT ON COLUMN "imaging"."series"."units" IS 'what the voxels are: HU, SUVbw, Gy …; NULL where no header says it';
COMMENT ON COLUMN "imaging"."series"."derived_from" IS 'series_id of the image this one was made from';
COMMENT ON COLUMN "imaging"."series"."derivation" IS 'how it was made';
COMMENT ON COLUMN "imaging"."series"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "imaging"."segmentation" (
  "segmentation_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "patient_id" TEXT NOT NULL,
  "timepoint_id" TEXT NOT NULL,
  "reference_series_id" TEXT NOT NULL,
  "region" TEXT NOT NULL,
  "lesion_id" TEXT NOT NULL,
  "rater_id" TEXT NOT NULL,
  "repeat_no" INT NOT NULL,
  "derivation" TEXT NOT NULL,
  "source" TEXT NOT NULL,
  "file_path" TEXT,
  "source_hash" TEXT,
  "linked_by" TEXT,
  "content_hash" TEXT,
  "voxel_count" BIGINT,
  "volume_mm3" DOUBLE,
  "n_components" INT,
  "largest_component_share" DOUBLE,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "imaging"."segmentation" IS 'One row is a region drawn or derived.';
COMMENT ON COLUMN "imaging"."segmentation"."segmentation_id" IS 'hash of cohort, patient, timepoint, grid, region, lesion, rater and repeat';
COMMENT ON COLUMN "imaging"."segmentation"."cohort_id" IS 'population';
COMMENT ON COLUMN "imaging"."segmentation"."patient_id" IS 'patient';
COMMENT ON COLUMN "imaging"."segmentation"."timepoint_id" IS 'visit';
COMMENT ON COLUMN "imaging"."segmentation"."reference_series_id" IS 'image on whose grid the region is drawn and its shape measured';
COMMENT ON COLUMN "imaging"."segmentation"."region" IS 'name of the region: GTV, WT, ET …';
COMMENT ON COLUMN "imaging"."segmentation"."lesion_id" IS 'lesion within the patient';
COMMENT ON COLUMN "imaging"."segmentation"."rater_id" IS 'person or algorithm that drew it';
COMMENT ON COLUMN "imaging"."segmentation"."repeat_no" IS 'repetition by the same rater';
COMMENT ON COLUMN "imaging"."segmentation"."derivation" IS 'label k of the mask, or the region rule';
COMMENT ON COLUMN "imaging"."segmentation"."source" IS 'where it came from';
COMMENT ON COLUMN "imaging"."segmentation"."file_path" IS 'mask file';
COMMENT ON COLUMN "imaging"."segmentation"."source_hash" IS 'sha256 of the mask file';
COMMENT ON COLUMN "imaging"."segmentation"."linked_by" IS 'by what a DICOM mask was found to belong to its image: it names the series, an image of it, or only the frame of reference; a dose names the structure set, its plan does, or it is the only one of the study';
COMMENT ON COLUMN "imaging"."segmentation"."content_hash" IS 'sha256 of the voxels of this region on its grid';
COMMENT ON COLUMN "imaging"."segmentation"."voxel_count" IS '0 where the region is absent from the mask [voxels]';
COMMENT ON COLUMN "imaging"."segmentation"."volume_mm3" IS 'voxel count times voxel volume [mm3]';
COMMENT ON COLUMN "imaging"."segmentation"."n_components" IS 'pieces that the region falls into; voxels that touch at a corner are one piece';
COMMENT ON COLUMN "imaging"."segmentation"."largest_component_share" IS 'share of the voxels that the largest piece has; NULL where the region is absent';
COMMENT ON COLUMN "imaging"."segmentation"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "imaging"."habitat_model" (
  "cohort_id" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "model_id" TEXT NOT NULL,
  "region" TEXT NOT NULL,
  "sequences" TEXT[],
  "k" INT NOT NULL,
  "normalisation" TEXT NOT NULL,
  "scaling" TEXT NOT NULL,
  "centroids" TEXT NOT NULL,
  "fitted_on" TEXT[],
  "n_voxels" BIGINT NOT NULL,
  "seed" INT NOT NULL,
  "n_starts" INT NOT NULL,
  "method" TEXT NOT NULL,
  "library_versions" TEXT NOT NULL,
  "definition" TEXT NOT NULL,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "imaging"."habitat_model" IS 'One row is a fitted model of habitats.';
COMMENT ON COLUMN "imaging"."habitat_model"."cohort_id" IS 'population';
COMMENT ON COLUMN "imaging"."habitat_model"."name" IS 'name in the cohort file';
COMMENT ON COLUMN "imaging"."habitat_model"."model_id" IS 'name and hash of region, sequences, normalisation, scaling and centres; its habitats are the regions REGION_MODEL_ID_1 to k';
COMMENT ON COLUMN "imaging"."habitat_model"."region" IS 'region that it divides';
COMMENT ON COLUMN "imaging"."habitat_model"."sequences" IS 'sequences whose values decide, in the order of the centres';
COMMENT ON COLUMN "imaging"."habitat_model"."k" IS 'number of habitats, numbered by the ascending mean of the first sequence';
COMMENT ON COLUMN "imaging"."habitat_model"."normalisation" IS 'whether each image was z-scored within the region first';
COMMENT ON COLUMN "imaging"."habitat_model"."scaling" IS 'JSON: means and standard deviations of the sequences over all voxels of the fit';
COMMENT ON COLUMN "imaging"."habitat_model"."centroids" IS 'JSON: a centre a habitat, z-scored by the scaling';
COMMENT ON COLUMN "imaging"."habitat_model"."fitted_on" IS 'patient_id of those on whom it was fitted';
COMMENT ON COLUMN "imaging"."habitat_model"."n_voxels" IS 'voxels on which it was fitted [voxels]';
COMMENT ON COLUMN "imaging"."habitat_model"."seed" IS 'from which the starts were drawn';
COMMENT ON COLUMN "imaging"."habitat_model"."n_starts" IS 'number of starts';
COMMENT ON COLUMN "imaging"."habitat_model"."method" IS 'how it was clustered';
COMMENT ON COLUMN "imaging"."habitat_model"."library_versions" IS 'JSON of the libraries that did it';
COMMENT ON COLUMN "imaging"."habitat_model"."definition" IS 'sha256 of what the cohort file says of it';
COMMENT ON COLUMN "imaging"."habitat_model"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "imaging"."mask_label" (
  "cohort_id" TEXT NOT NULL,
  "source_hash" TEXT NOT NULL,
  "label" INT NOT NULL,
  "voxel_count" BIGINT NOT NULL,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "imaging"."mask_label" IS 'One row is a value in a mask file.';
COMMENT ON COLUMN "imaging"."mask_label"."cohort_id" IS 'population';
COMMENT ON COLUMN "imaging"."mask_label"."source_hash" IS 'sha256 of the mask file, as in imaging.segmentation';
COMMENT ON COLUMN "imaging"."mask_label"."label" IS 'value of the voxels, whether a region has it or not; 0 is background';
COMMENT ON COLUMN "imaging"."mask_label"."voxel_count" IS 'voxels of that value in the whole file [voxels]';
COMMENT ON COLUMN "imaging"."mask_label"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "imaging"."extraction" (
  "extraction_id" TEXT NOT NULL,
  "profile" TEXT NOT NULL,
  "kind" TEXT,
  "engine" TEXT NOT NULL,
  "engine_version" TEXT NOT NULL,
  "code_version" TEXT NOT NULL,
  "settings" TEXT NOT NULL,
  "settings_hash" TEXT NOT NULL,
  "only_stock_because" TEXT,
  "library_versions" TEXT,
  "value_scale" TEXT NOT NULL,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "imaging"."extraction" IS 'One row is an engine with its version, settings and code.';
COMMENT ON COLUMN "imaging"."extraction"."extraction_id" IS 'hash of engine, version, settings and extraction code version';
COMMENT ON COLUMN "imaging"."extraction"."profile" IS 'name in study.yaml';
COMMENT ON COLUMN "imaging"."extraction"."kind" IS 'whether images are resampled around each region or once; NULL for a ready-made table';
COMMENT ON COLUMN "imaging"."extraction"."engine" IS 'pyradiomics, or what made a ready-made table';
COMMENT ON COLUMN "imaging"."extraction"."engine_version" IS 'version of the engine';
COMMENT ON COLUMN "imaging"."extraction"."code_version" IS 'version of our extraction code that may change values';
COMMENT ON COLUMN "imaging"."extraction"."settings" IS 'canonical JSON of every setting';
COMMENT ON COLUMN "imaging"."extraction"."settings_hash" IS 'sha256 of the settings';
COMMENT ON COLUMN "imaging"."extraction"."only_stock_because" IS 'setting that the fast path does not cover; NULL where it covers all or the engine has none';
COMMENT ON COLUMN "imaging"."extraction"."library_versions" IS 'JSON of the libraries under the engine';
COMMENT ON COLUMN "imaging"."extraction"."value_scale" IS 'z-scored values never meet raw ones';
COMMENT ON COLUMN "imaging"."extraction"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "imaging"."measurement" (
  "measurement_id" BIGINT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "segmentation_id" TEXT NOT NULL,
  "series_id" TEXT NOT NULL,
  "extraction_id" TEXT NOT NULL,
  "work_key" TEXT,
  "status" TEXT NOT NULL,
  "reason" TEXT,
  "reason_detail" TEXT,
  "path" TEXT,
  "voxel_count" BIGINT,
  "grey_levels" INT,
  "grey_levels_by_image_type" TEXT,
  "size_difference" INT,
  "spacing_difference_mm" DOUBLE,
  "origin_difference_mm" DOUBLE,
  "direction_difference" DOUBLE,
  "corner_distance_mm" DOUBLE,
  "seconds" DOUBLE,
  "ingested_at" TIMESTAMPTZ NOT NULL,
  "current" BOOLEAN NOT NULL,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "imaging"."measurement" IS 'One row is a segmentation measured on a series by an extraction.';
COMMENT ON COLUMN "imaging"."measurement"."measurement_id" IS 'number given at commit';
COMMENT ON COLUMN "imaging"."measurement"."cohort_id" IS 'population';
COMMENT ON COLUMN "imaging"."measurement"."segmentation_id" IS 'region';
COMMENT ON COLUMN "imaging"."measurement"."series_id" IS 'image';
COMMENT ON COLUMN "imaging"."measurement"."extraction_id" IS 'engine and settings';
COMMENT ON COLUMN "imaging"."measurement"."work_key" IS 'hash of image, mask, region rule and extraction: unchanged work is not done again';
COMMENT ON COLUMN "imaging"."measurement"."status" IS 'whether there are values';
COMMENT ON COLUMN "imaging"."measurement"."reason" IS 'reason code where the status is not ok; with ok, of the first warning';
COMMENT ON COLUMN "imaging"."measurement"."reason_detail" IS 'what was found';
COMMENT ON COLUMN "imaging"."measurement"."path" IS 'which code made the values';
COMMENT ON COLUMN "imaging"."measurement"."voxel_count" IS 'voxels measured after resampling [voxels]';
COMMENT ON COLUMN "imaging"."measurement"."grey_levels" IS 'grey levels of the original image type after binning';
COMMENT ON COLUMN "imaging"."measurement"."grey_levels_by_image_type" IS 'JSON object: grey levels after binning of each image type';
COMMENT ON COLUMN "imaging"."measurement"."size_difference" IS 'largest difference of mask and image in the number of voxels along an axis; NULL, as all differences, where one of them could not be read [voxels]';
COMMENT ON COLUMN "imaging"."measurement"."spacing_difference_mm" IS 'largest difference of mask and image in the voxel size along an axis [mm]';
COMMENT ON COLUMN "imaging"."measurement"."origin_difference_mm" IS 'distance of the first voxel of the mask from that of the image [mm]';
COMMENT ON COLUMN "imaging"."measurement"."direction_difference" IS 'largest difference of mask and image in a direction cosine';
COMMENT ON COLUMN "imaging"."measurement"."corner_distance_mm" IS 'largest distance of a corner voxel of the mask from the same corner of the image [mm]';
COMMENT ON COLUMN "imaging"."measurement"."seconds" IS 'its share of the time that the image took with this extraction [s]';
COMMENT ON COLUMN "imaging"."measurement"."ingested_at" IS 'when the batch was committed';
COMMENT ON COLUMN "imaging"."measurement"."current" IS 'whether no newer extraction of the same profile exists for this pair';
COMMENT ON COLUMN "imaging"."measurement"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "imaging"."feature_value" (
  "cohort_id" TEXT NOT NULL,
  "measurement_id" BIGINT NOT NULL,
  "feature_id" INT NOT NULL,
  "value" DOUBLE,
  "value_status" TEXT NOT NULL,
  "value_reason" TEXT
);
ALTER TABLE "imaging"."feature_value" SET PARTITIONED BY ("cohort_id");
ALTER TABLE "imaging"."feature_value" SET SORTED BY ("feature_id", "measurement_id");
COMMENT ON TABLE "imaging"."feature_value" IS 'One row is a feature of a measurement.';
COMMENT ON COLUMN "imaging"."feature_value"."cohort_id" IS 'partition';
COMMENT ON COLUMN "imaging"."feature_value"."measurement_id" IS 'measurement';
COMMENT ON COLUMN "imaging"."feature_value"."feature_id" IS 'feature';
COMMENT ON COLUMN "imaging"."feature_value"."value" IS 'NULL where the status is not ok';
COMMENT ON COLUMN "imaging"."feature_value"."value_status" IS 'whether there is a value';
COMMENT ON COLUMN "imaging"."feature_value"."value_reason" IS 'reason code where the status is not ok';
CREATE TABLE "imaging"."segmentation_overlap" (
  "cohort_id" TEXT NOT NULL,
  "segmentation_id_a" TEXT NOT NULL,
  "segmentation_id_b" TEXT NOT NULL,
  "dice" DOUBLE,
  "hd95_mm" DOUBLE,
  "volume_difference_mm3" DOUBLE,
  "status" TEXT NOT NULL,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "imaging"."segmentation_overlap" IS 'One row is two masks of one region compared.';
COMMENT ON COLUMN "imaging"."segmentation_overlap"."cohort_id" IS 'population';
COMMENT ON COLUMN "imaging"."segmentation_overlap"."segmentation_id_a" IS 'the one whose rater and repeat sort first';
COMMENT ON COLUMN "imaging"."segmentation_overlap"."segmentation_id_b" IS 'the other';
COMMENT ON COLUMN "imaging"."segmentation_overlap"."dice" IS '2|A∩B| / (|A|+|B|); NULL where both are empty';
COMMENT ON COLUMN "imaging"."segmentation_overlap"."hd95_mm" IS '95th percentile of the symmetric surface distances; NULL where one is empty [mm]';
COMMENT ON COLUMN "imaging"."segmentation_overlap"."volume_difference_mm3" IS 'volume of A minus volume of B [mm3]';
COMMENT ON COLUMN "imaging"."segmentation_overlap"."status" IS 'why a value is NULL';
COMMENT ON COLUMN "imaging"."segmentation_overlap"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "imaging"."dose" (
  "dose_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "patient_id" TEXT NOT NULL,
  "timepoint_id" TEXT NOT NULL,
  "series_id" TEXT,
  "summation_type" TEXT,
  "is_sum" BOOLEAN,
  "dose_type" TEXT,
  "fractions" INT,
  "prescription_gy" DOUBLE,
  "content_hash" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "imaging"."dose" IS 'One row is a dose grid.';
COMMENT ON COLUMN "imaging"."dose"."dose_id" IS 'hash of cohort, patient, timepoint and dose';
COMMENT ON COLUMN "imaging"."dose"."cohort_id" IS 'population';
COMMENT ON COLUMN "imaging"."dose"."patient_id" IS 'patient';
COMMENT ON COLUMN "imaging"."dose"."timepoint_id" IS 'visit';
COMMENT ON COLUMN "imaging"."dose"."series_id" IS 'the dose grid as an image; NULL where the metrics came ready-made';
COMMENT ON COLUMN "imaging"."dose"."summation_type" IS 'DICOM DoseSummationType: PLAN, BEAM, FRACTION …; MULTI_PLAN for a sum';
COMMENT ON COLUMN "imaging"."dose"."is_sum" IS 'whether the doses of several plans stand in it; NULL where no header says it';
COMMENT ON COLUMN "imaging"."dose"."dose_type" IS 'DICOM DoseType: PHYSICAL or EFFECTIVE';
COMMENT ON COLUMN "imaging"."dose"."fractions" IS 'fractions planned';
COMMENT ON COLUMN "imaging"."dose"."prescription_gy" IS 'prescribed dose [Gy]';
COMMENT ON COLUMN "imaging"."dose"."content_hash" IS 'sha256 of the file';
COMMENT ON COLUMN "imaging"."dose"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "imaging"."dose_feature" (
  "cohort_id" TEXT NOT NULL,
  "dose_id" TEXT NOT NULL,
  "segmentation_id" TEXT NOT NULL,
  "extraction_id" TEXT NOT NULL,
  "feature" TEXT NOT NULL,
  "unit" TEXT NOT NULL,
  "value" DOUBLE,
  "value_status" TEXT NOT NULL,
  "value_reason" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "imaging"."dose_feature" IS 'One row is a DVH metric or a dosiomic value.';
COMMENT ON COLUMN "imaging"."dose_feature"."cohort_id" IS 'population';
COMMENT ON COLUMN "imaging"."dose_feature"."dose_id" IS 'dose grid';
COMMENT ON COLUMN "imaging"."dose_feature"."segmentation_id" IS 'structure';
COMMENT ON COLUMN "imaging"."dose_feature"."extraction_id" IS 'how it was computed';
COMMENT ON COLUMN "imaging"."dose_feature"."feature" IS 'Dmean, Dmax, D95, V20Gy … or a feature name';
COMMENT ON COLUMN "imaging"."dose_feature"."unit" IS 'Gy, cm3, percent, 1; of dosiomics that of the feature, or grey value, or unknown';
COMMENT ON COLUMN "imaging"."dose_feature"."value" IS 'NULL where the status is not ok';
COMMENT ON COLUMN "imaging"."dose_feature"."value_status" IS 'whether there is a value';
COMMENT ON COLUMN "imaging"."dose_feature"."value_reason" IS 'reason code';
COMMENT ON COLUMN "imaging"."dose_feature"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "genomic"."sample" (
  "cohort_id" TEXT NOT NULL,
  "sample_id" TEXT NOT NULL,
  "patient_id" TEXT NOT NULL,
  "sample_type" TEXT,
  "collection_day" INT,
  "lesion_id" TEXT,
  "timepoint_id" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "genomic"."sample" IS 'One row is a specimen.';
COMMENT ON COLUMN "genomic"."sample"."cohort_id" IS 'population';
COMMENT ON COLUMN "genomic"."sample"."sample_id" IS 'specimen';
COMMENT ON COLUMN "genomic"."sample"."patient_id" IS 'patient it was taken from';
COMMENT ON COLUMN "genomic"."sample"."sample_type" IS 'primary, recurrent, metastasis, normal, blood …';
COMMENT ON COLUMN "genomic"."sample"."collection_day" IS 'day of collection from day zero [days]';
COMMENT ON COLUMN "genomic"."sample"."lesion_id" IS 'lesion it was taken from';
COMMENT ON COLUMN "genomic"."sample"."timepoint_id" IS 'visit that it belongs to';
COMMENT ON COLUMN "genomic"."sample"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "genomic"."assay" (
  "cohort_id" TEXT NOT NULL,
  "sample_id" TEXT NOT NULL,
  "assay" TEXT NOT NULL,
  "alteration" TEXT,
  "panel" TEXT,
  "all_genes" BOOLEAN NOT NULL,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "genomic"."assay" IS 'One row is what was profiled in a sample.';
COMMENT ON COLUMN "genomic"."assay"."cohort_id" IS 'population';
COMMENT ON COLUMN "genomic"."assay"."sample_id" IS 'specimen';
COMMENT ON COLUMN "genomic"."assay"."assay" IS 'mutation, expression, copy_number …';
COMMENT ON COLUMN "genomic"."assay"."alteration" IS 'what the assay can show, whatever it is called: mutation, structural_variant, copy_number …; NULL where its name says it';
COMMENT ON COLUMN "genomic"."assay"."panel" IS 'name of the gene panel where only its genes were profiled';
COMMENT ON COLUMN "genomic"."assay"."all_genes" IS 'whether every gene was profiled (whole exome or genome)';
COMMENT ON COLUMN "genomic"."assay"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "genomic"."panel_gene" (
  "panel" TEXT NOT NULL,
  "hugo_symbol" TEXT NOT NULL,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "genomic"."panel_gene" IS 'One row is a gene of a panel.';
COMMENT ON COLUMN "genomic"."panel_gene"."panel" IS 'gene panel';
COMMENT ON COLUMN "genomic"."panel_gene"."hugo_symbol" IS 'gene';
COMMENT ON COLUMN "genomic"."panel_gene"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "genomic"."mutation" (
  "cohort_id" TEXT NOT NULL,
  "sample_id" TEXT NOT NULL,
  "hugo_symbol" TEXT NOT NULL,
  "ncbi_build" TEXT NOT NULL,
  "chromosome" TEXT NOT NULL,
  "start_position" BIGINT NOT NULL,
  "end_position" BIGINT NOT NULL,
  "variant_classification" TEXT NOT NULL,
  "variant_type" TEXT,
  "reference_allele" TEXT NOT NULL,
  "tumor_seq_allele1" TEXT,
  "tumor_seq_allele2" TEXT NOT NULL,
  "hgvsp_short" TEXT,
  "hgvsc" TEXT,
  "transcript_id" TEXT,
  "t_ref_count" INT,
  "t_alt_count" INT,
  "mutation_status" TEXT,
  "filter" TEXT,
  "passed" BOOLEAN,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "genomic"."mutation" IS 'One row is a variant call.';
COMMENT ON COLUMN "genomic"."mutation"."cohort_id" IS 'population';
COMMENT ON COLUMN "genomic"."mutation"."sample_id" IS 'Tumor_Sample_Barcode';
COMMENT ON COLUMN "genomic"."mutation"."hugo_symbol" IS 'gene by its approved symbol; as given where genomic.gene_name says that none was found; Unknown where there is none';
COMMENT ON COLUMN "genomic"."mutation"."ncbi_build" IS 'genome build of the positions';
COMMENT ON COLUMN "genomic"."mutation"."chromosome" IS 'without the prefix chr';
COMMENT ON COLUMN "genomic"."mutation"."start_position" IS 'first base, counted from 1';
COMMENT ON COLUMN "genomic"."mutation"."end_position" IS 'last base';
COMMENT ON COLUMN "genomic"."mutation"."variant_classification" IS 'effect on the protein';
COMMENT ON COLUMN "genomic"."mutation"."variant_type" IS 'SNP, INS, DEL …';
COMMENT ON COLUMN "genomic"."mutation"."reference_allele" IS 'allele of the reference';
COMMENT ON COLUMN "genomic"."mutation"."tumor_seq_allele1" IS 'first allele of the tumour; NULL where the file has none';
COMMENT ON COLUMN "genomic"."mutation"."tumor_seq_allele2" IS 'second allele of the tumour';
COMMENT ON COLUMN "genomic"."mutation"."hgvsp_short" IS 'protein change, e.g. p.R132H';
COMMENT ON COLUMN "genomic"."mutation"."hgvsc" IS 'coding change';
COMMENT ON COLUMN "genomic"."mutation"."transcript_id" IS 'transcript';
COMMENT ON COLUMN "genomic"."mutation"."t_ref_count" IS 'reads of the reference allele in the tumour';
COMMENT ON COLUMN "genomic"."mutation"."t_alt_count" IS 'reads of the variant allele in the tumour';
COMMENT ON COLUMN "genomic"."mutation"."mutation_status" IS 'Somatic, Germline …, as given';
COMMENT ON COLUMN "genomic"."mutation"."filter" IS 'filter flags of the caller';
COMMENT ON COLUMN "genomic"."mutation"."passed" IS 'whether the call stands by its filter flags; NULL where the file has none';
COMMENT ON COLUMN "genomic"."mutation"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "genomic"."copy_number" (
  "cohort_id" TEXT NOT NULL,
  "sample_id" TEXT NOT NULL,
  "hugo_symbol" TEXT NOT NULL,
  "molecular_profile_id" TEXT NOT NULL,
  "value" DOUBLE,
  "unit" TEXT,
  "value_scale" TEXT NOT NULL,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "genomic"."copy_number" IS 'One row is a gene-level value of a sample under a molecular profile.';
COMMENT ON COLUMN "genomic"."copy_number"."cohort_id" IS 'population';
COMMENT ON COLUMN "genomic"."copy_number"."sample_id" IS 'specimen';
COMMENT ON COLUMN "genomic"."copy_number"."hugo_symbol" IS 'gene by its approved symbol; as given where genomic.gene_name says that none was found';
COMMENT ON COLUMN "genomic"."copy_number"."molecular_profile_id" IS 'which measurement and unit, e.g. rna_tpm';
COMMENT ON COLUMN "genomic"."copy_number"."value" IS 'value in the unit of the profile; NULL where the file has none';
COMMENT ON COLUMN "genomic"."copy_number"."unit" IS 'unit as declared; of copy numbers discrete (calls of -2 to 2), log2 or copies';
COMMENT ON COLUMN "genomic"."copy_number"."value_scale" IS 'whether the values were z-scored; such values are never compared with raw ones';
COMMENT ON COLUMN "genomic"."copy_number"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "genomic"."expression" (
  "cohort_id" TEXT NOT NULL,
  "sample_id" TEXT NOT NULL,
  "hugo_symbol" TEXT NOT NULL,
  "molecular_profile_id" TEXT NOT NULL,
  "value" DOUBLE,
  "unit" TEXT,
  "value_scale" TEXT NOT NULL,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "genomic"."expression" IS 'One row is a gene-level value of a sample under a molecular profile.';
COMMENT ON COLUMN "genomic"."expression"."cohort_id" IS 'population';
COMMENT ON COLUMN "genomic"."expression"."sample_id" IS 'specimen';
COMMENT ON COLUMN "genomic"."expression"."hugo_symbol" IS 'gene by its approved symbol; as given where genomic.gene_name says that none was found';
COMMENT ON COLUMN "genomic"."expression"."molecular_profile_id" IS 'which measurement and unit, e.g. rna_tpm';
COMMENT ON COLUMN "genomic"."expression"."value" IS 'value in the unit of the profile; NULL where the file has none';
COMMENT ON COLUMN "genomic"."expression"."unit" IS 'unit as declared; of copy numbers discrete (calls of -2 to 2), log2 or copies';
COMMENT ON COLUMN "genomic"."expression"."value_scale" IS 'whether the values were z-scored; such values are never compared with raw ones';
COMMENT ON COLUMN "genomic"."expression"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "genomic"."methylation" (
  "cohort_id" TEXT NOT NULL,
  "sample_id" TEXT NOT NULL,
  "probe_id" TEXT NOT NULL,
  "molecular_profile_id" TEXT NOT NULL,
  "value" DOUBLE,
  "unit" TEXT NOT NULL,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "genomic"."methylation" IS 'One row is a probe-level value of a sample under a molecular profile.';
COMMENT ON COLUMN "genomic"."methylation"."cohort_id" IS 'population';
COMMENT ON COLUMN "genomic"."methylation"."sample_id" IS 'specimen';
COMMENT ON COLUMN "genomic"."methylation"."probe_id" IS 'probe or gene';
COMMENT ON COLUMN "genomic"."methylation"."molecular_profile_id" IS 'which measurement';
COMMENT ON COLUMN "genomic"."methylation"."value" IS 'beta or M value';
COMMENT ON COLUMN "genomic"."methylation"."unit" IS 'beta, from 0 to 1, or M, log2(beta / (1 - beta))';
COMMENT ON COLUMN "genomic"."methylation"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "genomic"."segment" (
  "cohort_id" TEXT NOT NULL,
  "sample_id" TEXT NOT NULL,
  "ncbi_build" TEXT NOT NULL,
  "chromosome" TEXT NOT NULL,
  "start_position" BIGINT NOT NULL,
  "end_position" BIGINT NOT NULL,
  "num_mark" INT,
  "seg_mean" DOUBLE,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "genomic"."segment" IS 'One row is a copy-number segment of a sample.';
COMMENT ON COLUMN "genomic"."segment"."cohort_id" IS 'population';
COMMENT ON COLUMN "genomic"."segment"."sample_id" IS 'specimen';
COMMENT ON COLUMN "genomic"."segment"."ncbi_build" IS 'genome build';
COMMENT ON COLUMN "genomic"."segment"."chromosome" IS 'without the prefix chr';
COMMENT ON COLUMN "genomic"."segment"."start_position" IS 'first base';
COMMENT ON COLUMN "genomic"."segment"."end_position" IS 'last base';
COMMENT ON COLUMN "genomic"."segment"."num_mark" IS 'markers in the segment';
COMMENT ON COLUMN "genomic"."segment"."seg_mean" IS 'mean log2 ratio';
COMMENT ON COLUMN "genomic"."segment"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "genomic"."structural_variant" (
  "cohort_id" TEXT NOT NULL,
  "sample_id" TEXT NOT NULL,
  "site1_hugo_symbol" TEXT,
  "site1_chromosome" TEXT,
  "site1_position" BIGINT,
  "site2_hugo_symbol" TEXT,
  "site2_chromosome" TEXT,
  "site2_position" BIGINT,
  "event_info" TEXT,
  "ncbi_build" TEXT,
  "sv_class" TEXT,
  "sv_length" BIGINT,
  "annotation" TEXT,
  "site2_effect_on_frame" TEXT,
  "dna_support" TEXT,
  "rna_support" TEXT,
  "tumor_read_count" INT,
  "tumor_variant_count" INT,
  "sv_status" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "genomic"."structural_variant" IS 'One row is a structural variant of a sample.';
COMMENT ON COLUMN "genomic"."structural_variant"."cohort_id" IS 'population';
COMMENT ON COLUMN "genomic"."structural_variant"."sample_id" IS 'specimen';
COMMENT ON COLUMN "genomic"."structural_variant"."site1_hugo_symbol" IS 'gene of the first breakpoint';
COMMENT ON COLUMN "genomic"."structural_variant"."site1_chromosome" IS 'chromosome of the first breakpoint, without the prefix chr';
COMMENT ON COLUMN "genomic"."structural_variant"."site1_position" IS 'position of the first breakpoint';
COMMENT ON COLUMN "genomic"."structural_variant"."site2_hugo_symbol" IS 'gene of the second breakpoint';
COMMENT ON COLUMN "genomic"."structural_variant"."site2_chromosome" IS 'chromosome of the second breakpoint';
COMMENT ON COLUMN "genomic"."structural_variant"."site2_position" IS 'position of the second breakpoint';
COMMENT ON COLUMN "genomic"."structural_variant"."event_info" IS 'what the caller says';
COMMENT ON COLUMN "genomic"."structural_variant"."ncbi_build" IS 'genome build of the positions';
COMMENT ON COLUMN "genomic"."structural_variant"."sv_class" IS 'DELETION, DUPLICATION, INSERTION, INVERSION or TRANSLOCATION';
COMMENT ON COLUMN "genomic"."structural_variant"."sv_length" IS 'length of the variant [bases]';
COMMENT ON COLUMN "genomic"."structural_variant"."annotation" IS 'what it is called, e.g. EML4-ALK.E6bA20';
COMMENT ON COLUMN "genomic"."structural_variant"."site2_effect_on_frame" IS 'In_Frame, Frame_Shift …';
COMMENT ON COLUMN "genomic"."structural_variant"."dna_support" IS 'whether it was seen in DNA';
COMMENT ON COLUMN "genomic"."structural_variant"."rna_support" IS 'whether it was seen in RNA';
COMMENT ON COLUMN "genomic"."structural_variant"."tumor_read_count" IS 'reads of the tumour';
COMMENT ON COLUMN "genomic"."structural_variant"."tumor_variant_count" IS 'reads of the variant in the tumour';
COMMENT ON COLUMN "genomic"."structural_variant"."sv_status" IS 'SOMATIC or GERMLINE';
COMMENT ON COLUMN "genomic"."structural_variant"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "genomic"."genotype" (
  "cohort_id" TEXT NOT NULL,
  "sample_id" TEXT NOT NULL,
  "variant_id" TEXT NOT NULL,
  "dosage" DOUBLE,
  "effect_allele" TEXT NOT NULL,
  "other_allele" TEXT,
  "ncbi_build" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "genomic"."genotype" IS 'One row is a dosage of a sample at a locus.';
COMMENT ON COLUMN "genomic"."genotype"."cohort_id" IS 'population';
COMMENT ON COLUMN "genomic"."genotype"."sample_id" IS 'specimen';
COMMENT ON COLUMN "genomic"."genotype"."variant_id" IS 'rs number or chrom:pos:ref:alt';
COMMENT ON COLUMN "genomic"."genotype"."dosage" IS 'expected number of effect alleles';
COMMENT ON COLUMN "genomic"."genotype"."effect_allele" IS 'allele that is counted';
COMMENT ON COLUMN "genomic"."genotype"."other_allele" IS 'the other allele, where the file names it';
COMMENT ON COLUMN "genomic"."genotype"."ncbi_build" IS 'genome build of a variant_id that is a position, where it is known';
COMMENT ON COLUMN "genomic"."genotype"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "genomic"."assay_value" (
  "cohort_id" TEXT NOT NULL,
  "sample_id" TEXT NOT NULL,
  "entity" TEXT NOT NULL,
  "molecular_profile_id" TEXT NOT NULL,
  "value" DOUBLE,
  "value_limit" TEXT,
  "unit" TEXT,
  "value_scale" TEXT NOT NULL,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "genomic"."assay_value" IS 'One row is a value of any other entity of a sample.';
COMMENT ON COLUMN "genomic"."assay_value"."cohort_id" IS 'population';
COMMENT ON COLUMN "genomic"."assay_value"."sample_id" IS 'specimen';
COMMENT ON COLUMN "genomic"."assay_value"."entity" IS 'protein, signature, pathway, cell type …';
COMMENT ON COLUMN "genomic"."assay_value"."molecular_profile_id" IS 'which measurement';
COMMENT ON COLUMN "genomic"."assay_value"."value" IS 'value; NULL where the file has none';
COMMENT ON COLUMN "genomic"."assay_value"."value_limit" IS 'where the true value lies beyond what the assay could measure: above (>) or below (<) the value that stands here';
COMMENT ON COLUMN "genomic"."assay_value"."unit" IS 'unit as declared';
COMMENT ON COLUMN "genomic"."assay_value"."value_scale" IS 'whether the values were z-scored; such values are never compared with raw ones';
COMMENT ON COLUMN "genomic"."assay_value"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "genomic"."gene_name" (
  "cohort_id" TEXT NOT NULL,
  "file_path" TEXT NOT NULL,
  "given" TEXT NOT NULL,
  "hugo_symbol" TEXT,
  "hgnc_id" TEXT,
  "gene_status" TEXT NOT NULL,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "genomic"."gene_name" IS 'One row is a name by which a file calls a gene.';
COMMENT ON COLUMN "genomic"."gene_name"."cohort_id" IS 'population';
COMMENT ON COLUMN "genomic"."gene_name"."file_path" IS 'file';
COMMENT ON COLUMN "genomic"."gene_name"."given" IS 'name as the file has it';
COMMENT ON COLUMN "genomic"."gene_name"."hugo_symbol" IS 'approved symbol under which its rows are stored; NULL where they are stored under the name as given';
COMMENT ON COLUMN "genomic"."gene_name"."hgnc_id" IS 'HGNC id of that gene, if it has one';
COMMENT ON COLUMN "genomic"."gene_name"."gene_status" IS 'how the name was understood';
COMMENT ON COLUMN "genomic"."gene_name"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "genomic"."biomarker" (
  "cohort_id" TEXT NOT NULL,
  "patient_id" TEXT NOT NULL,
  "marker" TEXT NOT NULL,
  "method" TEXT,
  "study_day" INT,
  "result" TEXT NOT NULL,
  "as_given" TEXT,
  "choice" TEXT,
  "passed_over" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "genomic"."biomarker" IS 'One row is a marker result of a patient.';
COMMENT ON COLUMN "genomic"."biomarker"."cohort_id" IS 'population';
COMMENT ON COLUMN "genomic"."biomarker"."patient_id" IS 'patient';
COMMENT ON COLUMN "genomic"."biomarker"."marker" IS 'IDH, MGMT, 1p/19q …';
COMMENT ON COLUMN "genomic"."biomarker"."method" IS 'how it was determined';
COMMENT ON COLUMN "genomic"."biomarker"."study_day" IS 'day of the result [days]';
COMMENT ON COLUMN "genomic"."biomarker"."result" IS 'result word after the declared mapping';
COMMENT ON COLUMN "genomic"."biomarker"."as_given" IS 'the words of the file';
COMMENT ON COLUMN "genomic"."biomarker"."choice" IS 'rule that chose among rows that contradict each other; NULL where none did';
COMMENT ON COLUMN "genomic"."biomarker"."passed_over" IS 'the rows that it passed over, as given';
COMMENT ON COLUMN "genomic"."biomarker"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "clinical"."event" (
  "cohort_id" TEXT NOT NULL,
  "patient_id" TEXT NOT NULL,
  "event_type" TEXT NOT NULL,
  "subtype" TEXT,
  "start_day" INT NOT NULL,
  "stop_day" INT,
  "detail" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "clinical"."event" IS 'One row is something on a patient''s time line.';
COMMENT ON COLUMN "clinical"."event"."cohort_id" IS 'population';
COMMENT ON COLUMN "clinical"."event"."patient_id" IS 'patient';
COMMENT ON COLUMN "clinical"."event"."event_type" IS 'surgery, biopsy, rt_start, rt_end, progression …';
COMMENT ON COLUMN "clinical"."event"."subtype" IS 'what tells events of one type and day apart: the agent, the test, the sample; NULL where nothing does';
COMMENT ON COLUMN "clinical"."event"."start_day" IS 'first day from day zero [days]';
COMMENT ON COLUMN "clinical"."event"."stop_day" IS 'last day from day zero; NULL for a single day [days]';
COMMENT ON COLUMN "clinical"."event"."detail" IS 'free of names and dates';
COMMENT ON COLUMN "clinical"."event"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "clinical"."variable" (
  "cohort_id" TEXT NOT NULL,
  "patient_id" TEXT NOT NULL,
  "timepoint_id" TEXT,
  "variable" TEXT NOT NULL,
  "as_given" TEXT,
  "value_number" DOUBLE,
  "value_text" TEXT,
  "value_status" TEXT NOT NULL,
  "unit" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "clinical"."variable" IS 'One row is a clinical column of a patient at a visit.';
COMMENT ON COLUMN "clinical"."variable"."cohort_id" IS 'population';
COMMENT ON COLUMN "clinical"."variable"."patient_id" IS 'patient';
COMMENT ON COLUMN "clinical"."variable"."timepoint_id" IS 'visit; NULL where the variable belongs to the patient';
COMMENT ON COLUMN "clinical"."variable"."variable" IS 'name of the column';
COMMENT ON COLUMN "clinical"."variable"."as_given" IS 'the cell as the file has it';
COMMENT ON COLUMN "clinical"."variable"."value_number" IS 'the cell as a number where it is one';
COMMENT ON COLUMN "clinical"."variable"."value_text" IS 'the cell as text where it is not a number';
COMMENT ON COLUMN "clinical"."variable"."value_status" IS 'whether there is a value';
COMMENT ON COLUMN "clinical"."variable"."unit" IS 'unit as declared';
COMMENT ON COLUMN "clinical"."variable"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "clinical"."dictionary" (
  "cohort_id" TEXT NOT NULL,
  "variable" TEXT NOT NULL,
  "type" TEXT NOT NULL,
  "unit" TEXT,
  "codes" TEXT[],
  "missing" TEXT[],
  "minimum" DOUBLE,
  "maximum" DOUBLE,
  "description" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "clinical"."dictionary" IS 'One row is a variable of a cohort.';
COMMENT ON COLUMN "clinical"."dictionary"."cohort_id" IS 'population';
COMMENT ON COLUMN "clinical"."dictionary"."variable" IS 'name of the column';
COMMENT ON COLUMN "clinical"."dictionary"."type" IS 'kind of its cells';
COMMENT ON COLUMN "clinical"."dictionary"."unit" IS 'unit of its numbers';
COMMENT ON COLUMN "clinical"."dictionary"."codes" IS 'words of the file and what they mean, e.g. 1 = male';
COMMENT ON COLUMN "clinical"."dictionary"."missing" IS 'cells that mean no value';
COMMENT ON COLUMN "clinical"."dictionary"."minimum" IS 'smallest number that is allowed';
COMMENT ON COLUMN "clinical"."dictionary"."maximum" IS 'largest number that is allowed';
COMMENT ON COLUMN "clinical"."dictionary"."description" IS 'what it is';
COMMENT ON COLUMN "clinical"."dictionary"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "clinical"."sample_variable" (
  "cohort_id" TEXT NOT NULL,
  "sample_id" TEXT NOT NULL,
  "variable" TEXT NOT NULL,
  "as_given" TEXT,
  "value_number" DOUBLE,
  "value_text" TEXT,
  "value_status" TEXT NOT NULL,
  "unit" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "clinical"."sample_variable" IS 'One row is a clinical column of a specimen.';
COMMENT ON COLUMN "clinical"."sample_variable"."cohort_id" IS 'population';
COMMENT ON COLUMN "clinical"."sample_variable"."sample_id" IS 'specimen';
COMMENT ON COLUMN "clinical"."sample_variable"."variable" IS 'name of the column';
COMMENT ON COLUMN "clinical"."sample_variable"."as_given" IS 'the cell as the file has it';
COMMENT ON COLUMN "clinical"."sample_variable"."value_number" IS 'the cell as a number where it is one';
COMMENT ON COLUMN "clinical"."sample_variable"."value_text" IS 'the cell as text where it is not a number';
COMMENT ON COLUMN "clinical"."sample_variable"."value_status" IS 'whether there is a value';
COMMENT ON COLUMN "clinical"."sample_variable"."unit" IS 'unit as declared';
COMMENT ON COLUMN "clinical"."sample_variable"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "clinical"."outcome" (
  "cohort_id" TEXT NOT NULL,
  "patient_id" TEXT NOT NULL,
  "endpoint" TEXT NOT NULL,
  "start_anchor" TEXT NOT NULL,
  "time_days" DOUBLE,
  "event" INT NOT NULL,
  "as_given" TEXT,
  "choice" TEXT,
  "passed_over" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "clinical"."outcome" IS 'One row is an endpoint of a patient counted from an anchor.';
COMMENT ON COLUMN "clinical"."outcome"."cohort_id" IS 'population';
COMMENT ON COLUMN "clinical"."outcome"."patient_id" IS 'patient';
COMMENT ON COLUMN "clinical"."outcome"."endpoint" IS 'OS, PFS, lung_metastasis …';
COMMENT ON COLUMN "clinical"."outcome"."start_anchor" IS 'event from which time_days counts';
COMMENT ON COLUMN "clinical"."outcome"."time_days" IS 'time to the event or to the end of follow-up; NULL where only the status is known [days]';
COMMENT ON COLUMN "clinical"."outcome"."event" IS '0 censored, 1 event, 2 and more competing events';
COMMENT ON COLUMN "clinical"."outcome"."as_given" IS 'time and status as the file has them';
COMMENT ON COLUMN "clinical"."outcome"."choice" IS 'rule that chose among rows that contradict each other; NULL where none did';
COMMENT ON COLUMN "clinical"."outcome"."passed_over" IS 'the rows that it passed over, as given';
COMMENT ON COLUMN "clinical"."outcome"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "clinical"."response" (
  "cohort_id" TEXT NOT NULL,
  "patient_id" TEXT NOT NULL,
  "timepoint_id" TEXT NOT NULL,
  "criteria" TEXT NOT NULL,
  "study_day" INT,
  "response" TEXT NOT NULL,
  "progression" TEXT,
  "as_given" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "clinical"."response" IS 'One row is a response assessment of a patient at a visit.';
COMMENT ON COLUMN "clinical"."response"."cohort_id" IS 'population';
COMMENT ON COLUMN "clinical"."response"."patient_id" IS 'patient';
COMMENT ON COLUMN "clinical"."response"."timepoint_id" IS 'visit';
COMMENT ON COLUMN "clinical"."response"."criteria" IS 'RANO, RECIST 1.1 …';
COMMENT ON COLUMN "clinical"."response"."study_day" IS 'day of the assessment from day zero [days]';
COMMENT ON COLUMN "clinical"."response"."response" IS 'category; MR, minor response, is one of RANO alone';
COMMENT ON COLUMN "clinical"."response"."progression" IS 'what iRANO, iRECIST or the file say of a progression beyond its category';
COMMENT ON COLUMN "clinical"."response"."as_given" IS 'the words of the file';
COMMENT ON COLUMN "clinical"."response"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "clinical"."treatment" (
  "cohort_id" TEXT NOT NULL,
  "patient_id" TEXT NOT NULL,
  "treatment" TEXT NOT NULL,
  "start_day" INT NOT NULL,
  "stop_day" INT,
  "dose" DOUBLE,
  "dose_unit" TEXT,
  "fractions" INT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "clinical"."treatment" IS 'One row is an exposure of a patient to a treatment.';
COMMENT ON COLUMN "clinical"."treatment"."cohort_id" IS 'population';
COMMENT ON COLUMN "clinical"."treatment"."patient_id" IS 'patient';
COMMENT ON COLUMN "clinical"."treatment"."treatment" IS 'what was given';
COMMENT ON COLUMN "clinical"."treatment"."start_day" IS 'first day from day zero [days]';
COMMENT ON COLUMN "clinical"."treatment"."stop_day" IS 'last day from day zero [days]';
COMMENT ON COLUMN "clinical"."treatment"."dose" IS 'total dose';
COMMENT ON COLUMN "clinical"."treatment"."dose_unit" IS 'unit of the dose';
COMMENT ON COLUMN "clinical"."treatment"."fractions" IS 'number of fractions';
COMMENT ON COLUMN "clinical"."treatment"."batch_id" IS 'batch that wrote the row';
CREATE TABLE "ops"."batch" (
  "batch_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "author" TEXT NOT NULL,
  "message" TEXT NOT NULL,
  "started_at" TIMESTAMPTZ NOT NULL,
  "committed_at" TIMESTAMPTZ NOT NULL,
  "code_version" TEXT NOT NULL,
  "n_measurements" BIGINT NOT NULL,
  "n_values" BIGINT NOT NULL,
  "n_table_rows" BIGINT NOT NULL,
  "n_refused" BIGINT NOT NULL
);
COMMENT ON TABLE "ops"."batch" IS 'One row is a delivery that was committed.';
COMMENT ON COLUMN "ops"."batch"."batch_id" IS 'id';
COMMENT ON COLUMN "ops"."batch"."cohort_id" IS 'population';
COMMENT ON COLUMN "ops"."batch"."author" IS 'account that ran it';
COMMENT ON COLUMN "ops"."batch"."message" IS 'commit message';
COMMENT ON COLUMN "ops"."batch"."started_at" IS 'start of the run';
COMMENT ON COLUMN "ops"."batch"."committed_at" IS 'moment of the commit';
COMMENT ON COLUMN "ops"."batch"."code_version" IS 'version of roentgene';
COMMENT ON COLUMN "ops"."batch"."n_measurements" IS 'measurements written';
COMMENT ON COLUMN "ops"."batch"."n_values" IS 'feature values written';
COMMENT ON COLUMN "ops"."batch"."n_table_rows" IS 'other rows written';
COMMENT ON COLUMN "ops"."batch"."n_refused" IS 'new refusals';
CREATE TABLE "ops"."source_file" (
  "cohort_id" TEXT NOT NULL,
  "file_path" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "content_hash" TEXT NOT NULL,
  "known_hash" TEXT NOT NULL,
  "n_rows" BIGINT NOT NULL,
  "n_ids" BIGINT,
  "n_matched" BIGINT,
  "proposed_rules" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "ops"."source_file" IS 'One row is a table of a cohort file as it was last ingested.';
COMMENT ON COLUMN "ops"."source_file"."cohort_id" IS 'population';
COMMENT ON COLUMN "ops"."source_file"."file_path" IS 'file';
COMMENT ON COLUMN "ops"."source_file"."kind" IS 'kind of table, with its endpoint or profile: outcome:OS';
COMMENT ON COLUMN "ops"."source_file"."content_hash" IS 'sha256 of the file and of its declaration';
COMMENT ON COLUMN "ops"."source_file"."known_hash" IS 'sha256 of the patients and samples that were known when it was joined';
COMMENT ON COLUMN "ops"."source_file"."n_rows" IS 'rows staged from it';
COMMENT ON COLUMN "ops"."source_file"."n_ids" IS 'patients that its ids lead to; NULL where it was refused before its ids were read';
COMMENT ON COLUMN "ops"."source_file"."n_matched" IS 'of those, patients with images or ready-made features; in a cohort without, patients known from elsewhere, NULL where there were none';
COMMENT ON COLUMN "ops"."source_file"."proposed_rules" IS 'id rules that would match more, where more than a fifth are unmatched and there are such rules';
COMMENT ON COLUMN "ops"."source_file"."batch_id" IS 'batch';
CREATE TABLE "ops"."image_file" (
  "cohort_id" TEXT NOT NULL,
  "file_path" TEXT NOT NULL,
  "content_hash" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "ops"."image_file" IS 'One row is an image or mask file as it was last read.';
COMMENT ON COLUMN "ops"."image_file"."cohort_id" IS 'population';
COMMENT ON COLUMN "ops"."image_file"."file_path" IS 'file, relative to the cohort file where possible';
COMMENT ON COLUMN "ops"."image_file"."content_hash" IS 'sha256 of the file';
COMMENT ON COLUMN "ops"."image_file"."state" IS 'hash of size and times: while they stay, the file is not read again';
COMMENT ON COLUMN "ops"."image_file"."batch_id" IS 'batch';
CREATE TABLE "ops"."unmatched_id" (
  "cohort_id" TEXT NOT NULL,
  "file_path" TEXT NOT NULL,
  "side" TEXT NOT NULL,
  "id" TEXT NOT NULL,
  "nearest" TEXT,
  "batch_id" TEXT NOT NULL
);
COMMENT ON TABLE "ops"."unmatched_id" IS 'One row is an id that the other side does not have.';
COMMENT ON COLUMN "ops"."unmatched_id"."cohort_id" IS 'population';
COMMENT ON COLUMN "ops"."unmatched_id"."file_path" IS 'table';
COMMENT ON COLUMN "ops"."unmatched_id"."side" IS 'table = stands in the file alone, cohort = the file lacks it';
COMMENT ON COLUMN "ops"."unmatched_id"."id" IS 'id after the declared rules';
COMMENT ON COLUMN "ops"."unmatched_id"."nearest" IS 'most similar id on the other side';
COMMENT ON COLUMN "ops"."unmatched_id"."batch_id" IS 'batch';
CREATE TABLE "ops"."gate_result" (
  "batch_id" TEXT NOT NULL,
  "stage" TEXT NOT NULL,
  "subject" TEXT NOT NULL,
  "rule" TEXT NOT NULL,
  "severity" TEXT NOT NULL,
  "n_checked" BIGINT NOT NULL,
  "n_refused" BIGINT NOT NULL
);
COMMENT ON TABLE "ops"."gate_result" IS 'One row is a rule of a gate in a batch.';
COMMENT ON COLUMN "ops"."gate_result"."batch_id" IS 'batch';
COMMENT ON COLUMN "ops"."gate_result"."stage" IS 'which gate';
COMMENT ON COLUMN "ops"."gate_result"."subject" IS 'table or kind of input';
COMMENT ON COLUMN "ops"."gate_result"."rule" IS 'rule';
COMMENT ON COLUMN "ops"."gate_result"."severity" IS 'what a failure means';
COMMENT ON COLUMN "ops"."gate_result"."n_checked" IS 'rows looked at';
COMMENT ON COLUMN "ops"."gate_result"."n_refused" IS 'rows that failed';
CREATE TABLE "ops"."quarantine" (
  "refusal_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "batch_id" TEXT NOT NULL,
  "stage" TEXT NOT NULL,
  "reason_code" TEXT NOT NULL,
  "subject" TEXT,
  "file_path" TEXT,
  "row_number" BIGINT,
  "column_name" TEXT,
  "detail" TEXT NOT NULL,
  "content_hash" TEXT,
  "state" TEXT NOT NULL,
  "decided_by" TEXT,
  "decided_at" TIMESTAMPTZ,
  "decision_reason" TEXT
);
COMMENT ON TABLE "ops"."quarantine" IS 'One row is something refused.';
COMMENT ON COLUMN "ops"."quarantine"."refusal_id" IS 'hash of cohort, code, file, row, column, subject and content';
COMMENT ON COLUMN "ops"."quarantine"."cohort_id" IS 'population';
COMMENT ON COLUMN "ops"."quarantine"."batch_id" IS 'batch that met it first';
COMMENT ON COLUMN "ops"."quarantine"."stage" IS 'which gate';
COMMENT ON COLUMN "ops"."quarantine"."reason_code" IS 'from the documented list';
COMMENT ON COLUMN "ops"."quarantine"."subject" IS 'what was refused: a patient, a region, a row';
COMMENT ON COLUMN "ops"."quarantine"."file_path" IS 'file';
COMMENT ON COLUMN "ops"."quarantine"."row_number" IS 'line of the file, header included';
COMMENT ON COLUMN "ops"."quarantine"."column_name" IS 'column';
COMMENT ON COLUMN "ops"."quarantine"."detail" IS 'what was found and what to do';
COMMENT ON COLUMN "ops"."quarantine"."content_hash" IS 'sha256 of what was refused';
COMMENT ON COLUMN "ops"."quarantine"."state" IS 'open, or what was decided';
COMMENT ON COLUMN "ops"."quarantine"."decided_by" IS 'account';
COMMENT ON COLUMN "ops"."quarantine"."decided_at" IS 'when';
COMMENT ON COLUMN "ops"."quarantine"."decision_reason" IS 'why';
CREATE TABLE "ops"."analysis_run" (
  "analysis_run_id" TEXT NOT NULL,
  "analysis" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "spec" TEXT NOT NULL,
  "snapshot_id" BIGINT NOT NULL,
  "sql_hash" TEXT NOT NULL,
  "code_version" TEXT NOT NULL,
  "library_versions" TEXT NOT NULL,
  "counts" TEXT NOT NULL,
  "fingerprint" TEXT NOT NULL,
  "author" TEXT NOT NULL,
  "started_at" TIMESTAMPTZ NOT NULL,
  "finished_at" TIMESTAMPTZ NOT NULL,
  "current" BOOLEAN NOT NULL
);
COMMENT ON TABLE "ops"."analysis_run" IS 'One row is a run of an analysis.';
COMMENT ON COLUMN "ops"."analysis_run"."analysis_run_id" IS 'hash of analysis, spec, snapshot and code';
COMMENT ON COLUMN "ops"."analysis_run"."analysis" IS 'stability, association …';
COMMENT ON COLUMN "ops"."analysis_run"."name" IS 'name in the spec';
COMMENT ON COLUMN "ops"."analysis_run"."spec" IS 'canonical JSON of the spec';
COMMENT ON COLUMN "ops"."analysis_run"."snapshot_id" IS 'snapshot that was read';
COMMENT ON COLUMN "ops"."analysis_run"."sql_hash" IS 'sha256 of the SQL that fed it';
COMMENT ON COLUMN "ops"."analysis_run"."code_version" IS 'version of roentgene';
COMMENT ON COLUMN "ops"."analysis_run"."library_versions" IS 'JSON';
COMMENT ON COLUMN "ops"."analysis_run"."counts" IS 'JSON of rows in and out of every filter';
COMMENT ON COLUMN "ops"."analysis_run"."fingerprint" IS 'hash of the result rows';
COMMENT ON COLUMN "ops"."analysis_run"."author" IS 'account';
COMMENT ON COLUMN "ops"."analysis_run"."started_at" IS 'start';
COMMENT ON COLUMN "ops"."analysis_run"."finished_at" IS 'end';
COMMENT ON COLUMN "ops"."analysis_run"."current" IS 'whether no newer run of the same name exists';
CREATE TABLE "ops"."release" (
  "release" TEXT NOT NULL,
  "snapshot_id" BIGINT NOT NULL,
  "fingerprint" TEXT NOT NULL,
  "spec" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  "author" TEXT NOT NULL,
  "superseded_by" TEXT,
  "reason" TEXT
);
COMMENT ON TABLE "ops"."release" IS 'One row is a frozen data set.';
COMMENT ON COLUMN "ops"."release"."release" IS 'name@version';
COMMENT ON COLUMN "ops"."release"."snapshot_id" IS 'snapshot it was made from';
COMMENT ON COLUMN "ops"."release"."fingerprint" IS 'hash of its rows';
COMMENT ON COLUMN "ops"."release"."spec" IS 'canonical JSON';
COMMENT ON COLUMN "ops"."release"."created_at" IS 'when';
COMMENT ON COLUMN "ops"."release"."author" IS 'account';
COMMENT ON COLUMN "ops"."release"."superseded_by" IS 'release that replaces it';
COMMENT ON COLUMN "ops"."release"."reason" IS 'why it was superseded';
CREATE TABLE "ops"."withdrawal" (
  "person_hash" TEXT NOT NULL,
  "scope" TEXT NOT NULL,
  "withdrawn_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "ops"."withdrawal" IS 'One row is a person who withdrew.';
COMMENT ON COLUMN "ops"."withdrawal"."person_hash" IS 'keyed hash; the key lies outside the warehouse';
COMMENT ON COLUMN "ops"."withdrawal"."scope" IS 'all, imaging or genomic';
COMMENT ON COLUMN "ops"."withdrawal"."withdrawn_at" IS 'when';
CREATE TABLE "ops"."migration" (
  "migration" TEXT NOT NULL,
  "sha256" TEXT NOT NULL,
  "applied_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "ops"."migration" IS 'One row is a migration that was applied.';
COMMENT ON COLUMN "ops"."migration"."migration" IS 'file name';
COMMENT ON COLUMN "ops"."migration"."sha256" IS 'hash of the file';
COMMENT ON COLUMN "ops"."migration"."applied_at" IS 'when';
CREATE TABLE "result"."stability" (
  "analysis_run_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "region" TEXT NOT NULL,
  "sequence" TEXT NOT NULL,
  "profile" TEXT NOT NULL,
  "engine" TEXT NOT NULL,
  "feature" TEXT NOT NULL,
  "stability_key" TEXT NOT NULL,
  "design" TEXT NOT NULL,
  "icc_form" TEXT NOT NULL,
  "estimator" TEXT NOT NULL,
  "n_targets" INT NOT NULL,
  "n_raters" INT NOT NULL,
  "n_dropped" INT NOT NULL,
  "icc" DOUBLE,
  "ci95_low" DOUBLE,
  "ci95_high" DOUBLE,
  "f_value" DOUBLE,
  "p_value" DOUBLE,
  "within_subject_sd" DOUBLE,
  "repeatability_coefficient" DOUBLE,
  "wcv" DOUBLE,
  "wcv_reason" TEXT,
  "ccc" DOUBLE,
  "ccc_reason" TEXT,
  "status" TEXT NOT NULL,
  "reason" TEXT
);
COMMENT ON TABLE "result"."stability" IS 'One row is the reliability of a feature in one design.';
COMMENT ON COLUMN "result"."stability"."analysis_run_id" IS 'run';
COMMENT ON COLUMN "result"."stability"."cohort_id" IS 'population';
COMMENT ON COLUMN "result"."stability"."region" IS 'region';
COMMENT ON COLUMN "result"."stability"."sequence" IS 'image';
COMMENT ON COLUMN "result"."stability"."profile" IS 'extraction profile';
COMMENT ON COLUMN "result"."stability"."engine" IS 'engine';
COMMENT ON COLUMN "result"."stability"."feature" IS 'feature';
COMMENT ON COLUMN "result"."stability"."stability_key" IS 'cohort|region|sequence|profile|engine that views join on';
COMMENT ON COLUMN "result"."stability"."design" IS 'what was repeated';
COMMENT ON COLUMN "result"."stability"."icc_form" IS 'McGraw and Wong''s name of the form';
COMMENT ON COLUMN "result"."stability"."estimator" IS 'anova_complete_cases: closed form on complete targets; reml: restricted maximum likelihood on all ratings, with an effect of raters (two_way) or without (one_way)';
COMMENT ON COLUMN "result"."stability"."n_targets" IS 'targets used: complete ones, or with REML all that have a rating';
COMMENT ON COLUMN "result"."stability"."n_raters" IS 'ratings of a complete target';
COMMENT ON COLUMN "result"."stability"."n_dropped" IS 'targets left out because a rating is missing';
COMMENT ON COLUMN "result"."stability"."icc" IS 'point estimate; never clipped';
COMMENT ON COLUMN "result"."stability"."ci95_low" IS 'lower bound';
COMMENT ON COLUMN "result"."stability"."ci95_high" IS 'upper bound';
COMMENT ON COLUMN "result"."stability"."f_value" IS 'F of the between-target mean square';
COMMENT ON COLUMN "result"."stability"."p_value" IS 'p of that F';
COMMENT ON COLUMN "result"."stability"."within_subject_sd" IS 'root of the within-target mean square';
COMMENT ON COLUMN "result"."stability"."repeatability_coefficient" IS '1.96 x sqrt(2) x within_subject_sd: 95 % of pairs of ratings of one target differ by less';
COMMENT ON COLUMN "result"."stability"."wcv" IS 'within-subject coefficient of variation: root mean square of those of the targets';
COMMENT ON COLUMN "result"."stability"."wcv_reason" IS 'why there is no wcv';
COMMENT ON COLUMN "result"."stability"."ccc" IS 'concordance correlation coefficient (Lin); of more than two raters the overall one (Barnhart)';
COMMENT ON COLUMN "result"."stability"."ccc_reason" IS 'why there is no ccc';
COMMENT ON COLUMN "result"."stability"."status" IS 'whether there is a coefficient';
COMMENT ON COLUMN "result"."stability"."reason" IS 'why not; no_error_variance (F has no value) and no_interval_by_reml may stand beside ok';
CREATE TABLE "result"."stability_policy" (
  "analysis_run_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "measured_in" TEXT NOT NULL,
  "icc_form" TEXT NOT NULL,
  "bound" TEXT NOT NULL,
  "threshold" DOUBLE NOT NULL
);
COMMENT ON TABLE "result"."stability_policy" IS 'One row is what a stability run calls stable, for a cohort.';
COMMENT ON COLUMN "result"."stability_policy"."analysis_run_id" IS 'run';
COMMENT ON COLUMN "result"."stability_policy"."cohort_id" IS 'population whose features may be chosen by it: the one that was measured, or one that the spec names';
COMMENT ON COLUMN "result"."stability_policy"."measured_in" IS 'population that was measured';
COMMENT ON COLUMN "result"."stability_policy"."icc_form" IS 'form of the coefficient';
COMMENT ON COLUMN "result"."stability_policy"."bound" IS 'what must reach the threshold: the lower bound of the 95 % interval, or the estimate';
COMMENT ON COLUMN "result"."stability_policy"."threshold" IS 'how much it must reach';
CREATE TABLE "result"."selection_stability" (
  "analysis_run_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "timepoint_id" TEXT NOT NULL,
  "sequence" TEXT NOT NULL,
  "region" TEXT NOT NULL,
  "profile" TEXT NOT NULL,
  "feature" TEXT NOT NULL,
  "rule" TEXT NOT NULL,
  "n_persons" INT NOT NULL,
  "n_features" INT NOT NULL,
  "n_resamples" INT NOT NULL,
  "chosen" BOOLEAN NOT NULL,
  "share_chosen" DOUBLE NOT NULL,
  "mean_chosen" DOUBLE NOT NULL,
  "stability_index" DOUBLE,
  "ci95_low" DOUBLE,
  "ci95_high" DOUBLE,
  "reason" TEXT
);
COMMENT ON TABLE "result"."selection_stability" IS 'One row is a feature of a selection that was made again on resampled persons.';
COMMENT ON COLUMN "result"."selection_stability"."analysis_run_id" IS 'run';
COMMENT ON COLUMN "result"."selection_stability"."cohort_id" IS 'population';
COMMENT ON COLUMN "result"."selection_stability"."timepoint_id" IS 'visit';
COMMENT ON COLUMN "result"."selection_stability"."sequence" IS 'image';
COMMENT ON COLUMN "result"."selection_stability"."region" IS 'region';
COMMENT ON COLUMN "result"."selection_stability"."profile" IS 'extraction profile';
COMMENT ON COLUMN "result"."selection_stability"."feature" IS 'feature';
COMMENT ON COLUMN "result"."selection_stability"."rule" IS 'how features are chosen';
COMMENT ON COLUMN "result"."selection_stability"."n_persons" IS 'persons that are drawn from';
COMMENT ON COLUMN "result"."selection_stability"."n_features" IS 'features that are chosen from';
COMMENT ON COLUMN "result"."selection_stability"."n_resamples" IS 'draws of the persons';
COMMENT ON COLUMN "result"."selection_stability"."chosen" IS 'whether it is chosen among all persons';
COMMENT ON COLUMN "result"."selection_stability"."share_chosen" IS 'share of the draws in which it is chosen';
COMMENT ON COLUMN "result"."selection_stability"."mean_chosen" IS 'features chosen by a draw on average';
COMMENT ON COLUMN "result"."selection_stability"."stability_index" IS 'Nogueira''s index of the whole selection: 1 where all draws choose the same, 0 by chance';
COMMENT ON COLUMN "result"."selection_stability"."ci95_low" IS 'lower bound of the index';
COMMENT ON COLUMN "result"."selection_stability"."ci95_high" IS 'upper bound of the index';
COMMENT ON COLUMN "result"."selection_stability"."reason" IS 'why there is no index';
CREATE TABLE "result"."association" (
  "analysis_run_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "timepoint_id" TEXT NOT NULL,
  "sequence" TEXT NOT NULL,
  "region" TEXT NOT NULL,
  "profile" TEXT NOT NULL,
  "feature" TEXT NOT NULL,
  "predictor" TEXT NOT NULL,
  "target" TEXT NOT NULL,
  "target_block" TEXT NOT NULL,
  "method" TEXT NOT NULL,
  "family" TEXT NOT NULL,
  "n" INT NOT NULL,
  "n_covariates" INT NOT NULL,
  "n_strata" INT NOT NULL,
  "n_tests" BIGINT,
  "estimate" DOUBLE,
  "statistic" DOUBLE,
  "auc" DOUBLE,
  "p_value" DOUBLE,
  "p_method" TEXT,
  "q_value" DOUBLE,
  "p_max_t" DOUBLE,
  "fdr_permutation" DOUBLE,
  "heterogeneity_p" DOUBLE,
  "baseline_correlation" DOUBLE,
  "detectable_estimate" DOUBLE,
  "underpowered" BOOLEAN,
  "few_persons" BOOLEAN,
  "status" TEXT NOT NULL,
  "reason" TEXT
);
COMMENT ON TABLE "result"."association" IS 'One row is a feature tested against a target.';
COMMENT ON COLUMN "result"."association"."analysis_run_id" IS 'run';
COMMENT ON COLUMN "result"."association"."cohort_id" IS 'population; of several together their ids, joined by +';
COMMENT ON COLUMN "result"."association"."timepoint_id" IS 'visit; of changes the later one';
COMMENT ON COLUMN "result"."association"."sequence" IS 'image; of dose the DoseSummationType';
COMMENT ON COLUMN "result"."association"."region" IS 'region';
COMMENT ON COLUMN "result"."association"."profile" IS 'extraction profile';
COMMENT ON COLUMN "result"."association"."feature" IS 'feature';
COMMENT ON COLUMN "result"."association"."predictor" IS 'whether the value, its change from an earlier visit (the spec says which) or dose was tested';
COMMENT ON COLUMN "result"."association"."target" IS 'block:name, e.g. expression:rna_tpm:EGFR';
COMMENT ON COLUMN "result"."association"."target_block" IS 'kind of target';
COMMENT ON COLUMN "result"."association"."method" IS 'statistic';
COMMENT ON COLUMN "result"."association"."family" IS 'tests corrected together';
COMMENT ON COLUMN "result"."association"."n" IS 'persons with both values';
COMMENT ON COLUMN "result"."association"."n_covariates" IS 'covariates held constant, the baseline of a change among them';
COMMENT ON COLUMN "result"."association"."n_strata" IS 'sites or cohorts within which persons were compared, or whose estimates were combined';
COMMENT ON COLUMN "result"."association"."n_tests" IS 'tests of the family that were carried out, stored or not';
COMMENT ON COLUMN "result"."association"."estimate" IS 'correlation; of mann_whitney the rank-biserial 2 AUC - 1, of kruskal the share H / (n - 1) of the ranks'' variance';
COMMENT ON COLUMN "result"."association"."statistic" IS 't, U or H; of combined sites z; NULL where it is infinite';
COMMENT ON COLUMN "result"."association"."auc" IS 'area under the curve of mann_whitney';
COMMENT ON COLUMN "result"."association"."p_value" IS 'two-sided p';
COMMENT ON COLUMN "result"."association"."p_method" IS 'how p was computed; within strata as the larger of two approximations; permutation_bound is the smallest p that so few persons with ties can give';
COMMENT ON COLUMN "result"."association"."q_value" IS 'Benjamini-Hochberg over the family; NULL where it is above keep_p of the spec, for then it is not known exactly';
COMMENT ON COLUMN "result"."association"."p_max_t" IS 'p corrected for all tests of the family by the largest statistic of each permutation; NULL without permutations, or where p_value is above what they look at';
COMMENT ON COLUMN "result"."association"."fdr_permutation" IS 'false discovery rate at this statistic by permutation; NULL likewise';
COMMENT ON COLUMN "result"."association"."heterogeneity_p" IS 'p of Cochran''s Q between sites; NULL unless estimates were combined';
COMMENT ON COLUMN "result"."association"."baseline_correlation" IS 'rank correlation of the change with its value at the earlier visit; NULL unless a change was tested';
COMMENT ON COLUMN "result"."association"."detectable_estimate" IS 'smallest |rho| found with 80 % power at alpha 0.05 with this n, less covariates and sites; NULL for tests of groups';
COMMENT ON COLUMN "result"."association"."underpowered" IS 'whether even a large correlation (the policy of the spec) would be missed; NULL for tests of groups';
COMMENT ON COLUMN "result"."association"."few_persons" IS 'whether there are fewer than ten persons, whose p deserves little trust';
COMMENT ON COLUMN "result"."association"."status" IS 'whether it was tested';
COMMENT ON COLUMN "result"."association"."reason" IS 'why not; duplicate_feature equals another one of its family, or is the shape of a region that stands under another sequence already';
CREATE TABLE "result"."association_family" (
  "analysis_run_id" TEXT NOT NULL,
  "family" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "n_features" BIGINT NOT NULL,
  "n_targets" BIGINT NOT NULL,
  "n_pairs" BIGINT NOT NULL,
  "n_tests" BIGINT NOT NULL,
  "n_effective_features" DOUBLE,
  "n_effective_targets" DOUBLE,
  "n_effective" DOUBLE,
  "smallest_p" DOUBLE,
  "n_p05" BIGINT,
  "n_q05" BIGINT,
  "n_controls" INT NOT NULL,
  "control_smallest_p" DOUBLE,
  "control_n_p05" DOUBLE,
  "control_n_q05" DOUBLE,
  "controls_as_small" INT
);
COMMENT ON TABLE "result"."association_family" IS 'One row is a family of tests of an association run.';
COMMENT ON COLUMN "result"."association_family"."analysis_run_id" IS 'run';
COMMENT ON COLUMN "result"."association_family"."family" IS 'tests corrected together';
COMMENT ON COLUMN "result"."association_family"."cohort_id" IS 'population; of several together their ids, joined by +';
COMMENT ON COLUMN "result"."association_family"."n_features" IS 'features, those not tested too';
COMMENT ON COLUMN "result"."association_family"."n_targets" IS 'targets';
COMMENT ON COLUMN "result"."association_family"."n_pairs" IS 'pairs of both';
COMMENT ON COLUMN "result"."association_family"."n_tests" IS 'pairs that were tested';
COMMENT ON COLUMN "result"."association_family"."n_effective_features" IS 'effective number of features by Galwey''s rule on their rank correlations';
COMMENT ON COLUMN "result"."association_family"."n_effective_targets" IS 'the same of the targets';
COMMENT ON COLUMN "result"."association_family"."n_effective" IS 'effective number of tests, the product of both';
COMMENT ON COLUMN "result"."association_family"."smallest_p" IS 'smallest p';
COMMENT ON COLUMN "result"."association_family"."n_p05" IS 'tests with p < 0.05; NULL where keep_p of the spec is smaller';
COMMENT ON COLUMN "result"."association_family"."n_q05" IS 'tests with q < 0.05; NULL where keep_p of the spec is smaller';
COMMENT ON COLUMN "result"."association_family"."n_controls" IS 'repetitions with shuffled persons';
COMMENT ON COLUMN "result"."association_family"."control_smallest_p" IS 'median of the smallest p of the controls';
COMMENT ON COLUMN "result"."association_family"."control_n_p05" IS 'median number of p < 0.05 of the controls';
COMMENT ON COLUMN "result"."association_family"."control_n_q05" IS 'mean number of q < 0.05 of the controls';
COMMENT ON COLUMN "result"."association_family"."controls_as_small" IS 'controls whose smallest p is at most that of the real persons';
CREATE TABLE "result"."association_control" (
  "analysis_run_id" TEXT NOT NULL,
  "family" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "control_no" INT NOT NULL,
  "n_tests" BIGINT NOT NULL,
  "smallest_p" DOUBLE,
  "n_p05" BIGINT NOT NULL,
  "n_q05" BIGINT NOT NULL
);
COMMENT ON TABLE "result"."association_control" IS 'One row is a family of tests repeated with shuffled persons.';
COMMENT ON COLUMN "result"."association_control"."analysis_run_id" IS 'run';
COMMENT ON COLUMN "result"."association_control"."family" IS 'tests corrected together';
COMMENT ON COLUMN "result"."association_control"."cohort_id" IS 'population; of several together their ids, joined by +';
COMMENT ON COLUMN "result"."association_control"."control_no" IS 'repetition';
COMMENT ON COLUMN "result"."association_control"."n_tests" IS 'pairs that were tested';
COMMENT ON COLUMN "result"."association_control"."smallest_p" IS 'smallest p; NULL where none is below 0.05';
COMMENT ON COLUMN "result"."association_control"."n_p05" IS 'tests with p < 0.05';
COMMENT ON COLUMN "result"."association_control"."n_q05" IS 'tests with q < 0.05';
CREATE TABLE "result"."harmonization_model" (
  "analysis_run_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "sequence" TEXT NOT NULL,
  "region" TEXT NOT NULL,
  "profile" TEXT NOT NULL,
  "engine" TEXT NOT NULL,
  "timepoint_id" TEXT NOT NULL,
  "batch_source" TEXT NOT NULL,
  "batch_variable" TEXT,
  "method" TEXT NOT NULL,
  "reference_batch" TEXT,
  "persons" TEXT NOT NULL,
  "release" TEXT,
  "split_id" TEXT,
  "repeat" INT,
  "fold" INT,
  "inner_fold" INT,
  "n_persons" INT NOT NULL,
  "n_features" INT NOT NULL,
  "n_adjusted" INT NOT NULL
);
COMMENT ON TABLE "result"."harmonization_model" IS 'One row is a harmonization model, one for the features of a region on a sequence under a profile.';
COMMENT ON COLUMN "result"."harmonization_model"."analysis_run_id" IS 'run';
COMMENT ON COLUMN "result"."harmonization_model"."cohort_id" IS 'population';
COMMENT ON COLUMN "result"."harmonization_model"."sequence" IS 'image';
COMMENT ON COLUMN "result"."harmonization_model"."region" IS 'region';
COMMENT ON COLUMN "result"."harmonization_model"."profile" IS 'extraction profile';
COMMENT ON COLUMN "result"."harmonization_model"."engine" IS 'engine';
COMMENT ON COLUMN "result"."harmonization_model"."timepoint_id" IS 'visit whose values were fitted; the parameters hold at every visit';
COMMENT ON COLUMN "result"."harmonization_model"."batch_source" IS 'what says the batch of a row';
COMMENT ON COLUMN "result"."harmonization_model"."batch_variable" IS 'clinical variable that says the batch';
COMMENT ON COLUMN "result"."harmonization_model"."method" IS 'whether scales are adjusted too';
COMMENT ON COLUMN "result"."harmonization_model"."reference_batch" IS 'batch that stays as it is; NULL where all move';
COMMENT ON COLUMN "result"."harmonization_model"."persons" IS 'who was fitted: training persons of a fold, or all, which is exploration and no input of a prediction';
COMMENT ON COLUMN "result"."harmonization_model"."release" IS 'release whose fold says who is trained on, name@version';
COMMENT ON COLUMN "result"."harmonization_model"."split_id" IS 'split';
COMMENT ON COLUMN "result"."harmonization_model"."repeat" IS 'repeat of the split';
COMMENT ON COLUMN "result"."harmonization_model"."fold" IS 'fold';
COMMENT ON COLUMN "result"."harmonization_model"."inner_fold" IS 'inner fold; NULL of an outer one';
COMMENT ON COLUMN "result"."harmonization_model"."n_persons" IS 'persons fitted';
COMMENT ON COLUMN "result"."harmonization_model"."n_features" IS 'features with values';
COMMENT ON COLUMN "result"."harmonization_model"."n_adjusted" IS 'features that have parameters';
CREATE TABLE "result"."harmonization_batch" (
  "analysis_run_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "sequence" TEXT NOT NULL,
  "region" TEXT NOT NULL,
  "profile" TEXT NOT NULL,
  "engine" TEXT NOT NULL,
  "batch" TEXT NOT NULL,
  "n_persons" INT NOT NULL
);
COMMENT ON TABLE "result"."harmonization_batch" IS 'One row is a batch of a harmonization model.';
COMMENT ON COLUMN "result"."harmonization_batch"."analysis_run_id" IS 'run';
COMMENT ON COLUMN "result"."harmonization_batch"."cohort_id" IS 'population';
COMMENT ON COLUMN "result"."harmonization_batch"."sequence" IS 'image';
COMMENT ON COLUMN "result"."harmonization_batch"."region" IS 'region';
COMMENT ON COLUMN "result"."harmonization_batch"."profile" IS 'extraction profile';
COMMENT ON COLUMN "result"."harmonization_batch"."engine" IS 'engine';
COMMENT ON COLUMN "result"."harmonization_batch"."batch" IS 'batch';
COMMENT ON COLUMN "result"."harmonization_batch"."n_persons" IS 'persons fitted';
CREATE TABLE "result"."harmonization" (
  "analysis_run_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "sequence" TEXT NOT NULL,
  "region" TEXT NOT NULL,
  "profile" TEXT NOT NULL,
  "engine" TEXT NOT NULL,
  "feature" TEXT NOT NULL,
  "batch" TEXT NOT NULL,
  "n_values" INT NOT NULL,
  "grand_mean" DOUBLE,
  "var_pooled" DOUBLE,
  "gamma_star" DOUBLE,
  "delta_star" DOUBLE,
  "status" TEXT NOT NULL,
  "reason" TEXT
);
COMMENT ON TABLE "result"."harmonization" IS 'One row is the parameters of a feature in a batch of a harmonization model.';
COMMENT ON COLUMN "result"."harmonization"."analysis_run_id" IS 'run';
COMMENT ON COLUMN "result"."harmonization"."cohort_id" IS 'population';
COMMENT ON COLUMN "result"."harmonization"."sequence" IS 'image';
COMMENT ON COLUMN "result"."harmonization"."region" IS 'region';
COMMENT ON COLUMN "result"."harmonization"."profile" IS 'extraction profile';
COMMENT ON COLUMN "result"."harmonization"."engine" IS 'engine';
COMMENT ON COLUMN "result"."harmonization"."feature" IS 'feature';
COMMENT ON COLUMN "result"."harmonization"."batch" IS 'batch';
COMMENT ON COLUMN "result"."harmonization"."n_values" IS 'persons of the batch with a value of the feature';
COMMENT ON COLUMN "result"."harmonization"."grand_mean" IS 'mean over batches, or that of the reference batch, at covariates of zero';
COMMENT ON COLUMN "result"."harmonization"."var_pooled" IS 'variance of what batches and covariates do not explain';
COMMENT ON COLUMN "result"."harmonization"."gamma_star" IS 'location of the batch in pooled standard deviations';
COMMENT ON COLUMN "result"."harmonization"."delta_star" IS 'variance of the batch in units of the pooled one';
COMMENT ON COLUMN "result"."harmonization"."status" IS 'whether there are parameters';
COMMENT ON COLUMN "result"."harmonization"."reason" IS 'why not; such features are left out before the fit';
CREATE TABLE "result"."harmonization_covariate" (
  "analysis_run_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "sequence" TEXT NOT NULL,
  "region" TEXT NOT NULL,
  "profile" TEXT NOT NULL,
  "engine" TEXT NOT NULL,
  "source" TEXT NOT NULL,
  "variable" TEXT NOT NULL,
  "level" TEXT,
  "place" INT NOT NULL,
  "preserved" BOOLEAN NOT NULL
);
COMMENT ON TABLE "result"."harmonization_covariate" IS 'One row is a column of the design, or the base class of a covariate, of a harmonization model.';
COMMENT ON COLUMN "result"."harmonization_covariate"."analysis_run_id" IS 'run';
COMMENT ON COLUMN "result"."harmonization_covariate"."cohort_id" IS 'population';
COMMENT ON COLUMN "result"."harmonization_covariate"."sequence" IS 'image';
COMMENT ON COLUMN "result"."harmonization_covariate"."region" IS 'region';
COMMENT ON COLUMN "result"."harmonization_covariate"."profile" IS 'extraction profile';
COMMENT ON COLUMN "result"."harmonization_covariate"."engine" IS 'engine';
COMMENT ON COLUMN "result"."harmonization_covariate"."source" IS 'where the variable is';
COMMENT ON COLUMN "result"."harmonization_covariate"."variable" IS 'variable or marker';
COMMENT ON COLUMN "result"."harmonization_covariate"."level" IS 'class; NULL of a number';
COMMENT ON COLUMN "result"."harmonization_covariate"."place" IS 'number of the column in the design, from 1; 0 of the base class and of what is compared alone';
COMMENT ON COLUMN "result"."harmonization_covariate"."preserved" IS 'whether the fit keeps its effect; else it is compared before and after alone';
CREATE TABLE "result"."harmonization_effect" (
  "analysis_run_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "sequence" TEXT NOT NULL,
  "region" TEXT NOT NULL,
  "profile" TEXT NOT NULL,
  "engine" TEXT NOT NULL,
  "feature" TEXT NOT NULL,
  "place" INT NOT NULL,
  "beta" DOUBLE NOT NULL
);
COMMENT ON TABLE "result"."harmonization_effect" IS 'One row is the effect of a covariate on a feature, kept by a harmonization model.';
COMMENT ON COLUMN "result"."harmonization_effect"."analysis_run_id" IS 'run';
COMMENT ON COLUMN "result"."harmonization_effect"."cohort_id" IS 'population';
COMMENT ON COLUMN "result"."harmonization_effect"."sequence" IS 'image';
COMMENT ON COLUMN "result"."harmonization_effect"."region" IS 'region';
COMMENT ON COLUMN "result"."harmonization_effect"."profile" IS 'extraction profile';
COMMENT ON COLUMN "result"."harmonization_effect"."engine" IS 'engine';
COMMENT ON COLUMN "result"."harmonization_effect"."feature" IS 'feature';
COMMENT ON COLUMN "result"."harmonization_effect"."place" IS 'number of the column in the design';
COMMENT ON COLUMN "result"."harmonization_effect"."beta" IS 'change of the feature with one unit of the covariate';
CREATE TABLE "result"."harmonization_person" (
  "analysis_run_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "sequence" TEXT NOT NULL,
  "region" TEXT NOT NULL,
  "profile" TEXT NOT NULL,
  "engine" TEXT NOT NULL,
  "person_id" TEXT NOT NULL
);
COMMENT ON TABLE "result"."harmonization_person" IS 'One row is a person whose values a harmonization model was fitted on.';
COMMENT ON COLUMN "result"."harmonization_person"."analysis_run_id" IS 'run';
COMMENT ON COLUMN "result"."harmonization_person"."cohort_id" IS 'population';
COMMENT ON COLUMN "result"."harmonization_person"."sequence" IS 'image';
COMMENT ON COLUMN "result"."harmonization_person"."region" IS 'region';
COMMENT ON COLUMN "result"."harmonization_person"."profile" IS 'extraction profile';
COMMENT ON COLUMN "result"."harmonization_person"."engine" IS 'engine';
COMMENT ON COLUMN "result"."harmonization_person"."person_id" IS 'person';
CREATE TABLE "result"."survival" (
  "analysis_run_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "timepoint_id" TEXT NOT NULL,
  "sequence" TEXT NOT NULL,
  "region" TEXT NOT NULL,
  "profile" TEXT NOT NULL,
  "feature" TEXT NOT NULL,
  "endpoint" TEXT NOT NULL,
  "start_anchor" TEXT NOT NULL,
  "landmark_day" INT,
  "method" TEXT NOT NULL,
  "ties" TEXT NOT NULL,
  "family" TEXT NOT NULL,
  "n" INT NOT NULL,
  "n_events" INT NOT NULL,
  "n_tests" BIGINT,
  "per" TEXT NOT NULL,
  "feature_sd" DOUBLE,
  "coef" DOUBLE,
  "standard_error" DOUBLE,
  "hazard_ratio" DOUBLE,
  "ci95_low" DOUBLE,
  "ci95_high" DOUBLE,
  "p_value" DOUBLE,
  "q_value" DOUBLE,
  "concordance" DOUBLE,
  "ph_p_value" DOUBLE,
  "covariates" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "reason" TEXT
);
COMMENT ON TABLE "result"."survival" IS 'One row is a feature against the time to an endpoint.';
COMMENT ON COLUMN "result"."survival"."analysis_run_id" IS 'run';
COMMENT ON COLUMN "result"."survival"."cohort_id" IS 'population';
COMMENT ON COLUMN "result"."survival"."timepoint_id" IS 'visit';
COMMENT ON COLUMN "result"."survival"."sequence" IS 'image';
COMMENT ON COLUMN "result"."survival"."region" IS 'region';
COMMENT ON COLUMN "result"."survival"."profile" IS 'extraction profile';
COMMENT ON COLUMN "result"."survival"."feature" IS 'feature';
COMMENT ON COLUMN "result"."survival"."endpoint" IS 'OS, PFS …';
COMMENT ON COLUMN "result"."survival"."start_anchor" IS 'event from which time counts';
COMMENT ON COLUMN "result"."survival"."landmark_day" IS 'day after the anchor at which the clock restarted [days]';
COMMENT ON COLUMN "result"."survival"."method" IS 'model';
COMMENT ON COLUMN "result"."survival"."ties" IS 'how events at one time are handled';
COMMENT ON COLUMN "result"."survival"."family" IS 'tests corrected together';
COMMENT ON COLUMN "result"."survival"."n" IS 'persons';
COMMENT ON COLUMN "result"."survival"."n_events" IS 'events';
COMMENT ON COLUMN "result"."survival"."n_tests" IS 'tests of the family that were carried out';
COMMENT ON COLUMN "result"."survival"."per" IS 'what coef and hazard_ratio are for: a standard deviation, or a unit, of the feature';
COMMENT ON COLUMN "result"."survival"."feature_sd" IS 'standard deviation of the feature over the persons';
COMMENT ON COLUMN "result"."survival"."coef" IS 'logarithm of the hazard ratio';
COMMENT ON COLUMN "result"."survival"."standard_error" IS 'of coef';
COMMENT ON COLUMN "result"."survival"."hazard_ratio" IS 'hazard ratio';
COMMENT ON COLUMN "result"."survival"."ci95_low" IS 'lower bound';
COMMENT ON COLUMN "result"."survival"."ci95_high" IS 'upper bound';
COMMENT ON COLUMN "result"."survival"."p_value" IS 'two-sided p by Wald';
COMMENT ON COLUMN "result"."survival"."q_value" IS 'Benjamini-Hochberg over the family';
COMMENT ON COLUMN "result"."survival"."concordance" IS 'Harrell''s index of the whole model on the persons it was fitted on';
COMMENT ON COLUMN "result"."survival"."ph_p_value" IS 'p of the test that the hazards are proportional';
COMMENT ON COLUMN "result"."survival"."covariates" IS 'names of the covariates with their coefficients per unit, as JSON';
COMMENT ON COLUMN "result"."survival"."status" IS 'whether there is a model';
COMMENT ON COLUMN "result"."survival"."reason" IS 'why not';
CREATE TABLE "result"."survival_test" (
  "analysis_run_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "timepoint_id" TEXT NOT NULL,
  "sequence" TEXT NOT NULL,
  "region" TEXT NOT NULL,
  "profile" TEXT NOT NULL,
  "feature" TEXT NOT NULL,
  "endpoint" TEXT NOT NULL,
  "start_anchor" TEXT NOT NULL,
  "landmark_day" INT,
  "method" TEXT NOT NULL,
  "cut" TEXT NOT NULL,
  "cut_point" DOUBLE,
  "family" TEXT NOT NULL,
  "n_low" INT NOT NULL,
  "n_high" INT NOT NULL,
  "n_events_low" INT NOT NULL,
  "n_events_high" INT NOT NULL,
  "n_tests" BIGINT,
  "chi_squared" DOUBLE,
  "p_value" DOUBLE,
  "q_value" DOUBLE,
  "status" TEXT NOT NULL,
  "reason" TEXT
);
COMMENT ON TABLE "result"."survival_test" IS 'One row is the groups above and below a stated cut of a feature, compared.';
COMMENT ON COLUMN "result"."survival_test"."analysis_run_id" IS 'run';
COMMENT ON COLUMN "result"."survival_test"."cohort_id" IS 'population';
COMMENT ON COLUMN "result"."survival_test"."timepoint_id" IS 'visit';
COMMENT ON COLUMN "result"."survival_test"."sequence" IS 'image';
COMMENT ON COLUMN "result"."survival_test"."region" IS 'region';
COMMENT ON COLUMN "result"."survival_test"."profile" IS 'extraction profile';
COMMENT ON COLUMN "result"."survival_test"."feature" IS 'feature';
COMMENT ON COLUMN "result"."survival_test"."endpoint" IS 'OS, PFS …';
COMMENT ON COLUMN "result"."survival_test"."start_anchor" IS 'event from which time counts';
COMMENT ON COLUMN "result"."survival_test"."landmark_day" IS 'day after the anchor at which the clock restarted [days]';
COMMENT ON COLUMN "result"."survival_test"."method" IS 'test';
COMMENT ON COLUMN "result"."survival_test"."cut" IS 'where the cut comes from';
COMMENT ON COLUMN "result"."survival_test"."cut_point" IS 'persons above it are high, the others low';
COMMENT ON COLUMN "result"."survival_test"."family" IS 'tests corrected together';
COMMENT ON COLUMN "result"."survival_test"."n_low" IS 'persons of the low group';
COMMENT ON COLUMN "result"."survival_test"."n_high" IS 'persons of the high group';
COMMENT ON COLUMN "result"."survival_test"."n_events_low" IS 'events of the low group';
COMMENT ON COLUMN "result"."survival_test"."n_events_high" IS 'events of the high group';
COMMENT ON COLUMN "result"."survival_test"."n_tests" IS 'tests of the family that were carried out';
COMMENT ON COLUMN "result"."survival_test"."chi_squared" IS 'statistic with one degree of freedom';
COMMENT ON COLUMN "result"."survival_test"."p_value" IS 'p';
COMMENT ON COLUMN "result"."survival_test"."q_value" IS 'Benjamini-Hochberg over the family';
COMMENT ON COLUMN "result"."survival_test"."status" IS 'whether it was tested';
COMMENT ON COLUMN "result"."survival_test"."reason" IS 'why not';
CREATE TABLE "result"."survival_curve" (
  "analysis_run_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "timepoint_id" TEXT NOT NULL,
  "sequence" TEXT NOT NULL,
  "region" TEXT NOT NULL,
  "profile" TEXT NOT NULL,
  "feature" TEXT NOT NULL,
  "endpoint" TEXT NOT NULL,
  "start_anchor" TEXT NOT NULL,
  "risk_group" TEXT NOT NULL,
  "cut_point" DOUBLE NOT NULL,
  "time_days" DOUBLE NOT NULL,
  "n_at_risk" INT NOT NULL,
  "n_events" INT NOT NULL,
  "n_censored" INT NOT NULL,
  "survival" DOUBLE NOT NULL,
  "standard_error" DOUBLE,
  "ci95_low" DOUBLE,
  "ci95_high" DOUBLE
);
COMMENT ON TABLE "result"."survival_curve" IS 'One row is a time of the Kaplan-Meier estimate of a group.';
COMMENT ON COLUMN "result"."survival_curve"."analysis_run_id" IS 'run';
COMMENT ON COLUMN "result"."survival_curve"."cohort_id" IS 'population';
COMMENT ON COLUMN "result"."survival_curve"."timepoint_id" IS 'visit';
COMMENT ON COLUMN "result"."survival_curve"."sequence" IS 'image';
COMMENT ON COLUMN "result"."survival_curve"."region" IS 'region';
COMMENT ON COLUMN "result"."survival_curve"."profile" IS 'extraction profile';
COMMENT ON COLUMN "result"."survival_curve"."feature" IS 'feature';
COMMENT ON COLUMN "result"."survival_curve"."endpoint" IS 'OS, PFS …';
COMMENT ON COLUMN "result"."survival_curve"."start_anchor" IS 'event from which time counts';
COMMENT ON COLUMN "result"."survival_curve"."risk_group" IS 'low: at or below the cut';
COMMENT ON COLUMN "result"."survival_curve"."cut_point" IS 'value of the feature at which persons were parted';
COMMENT ON COLUMN "result"."survival_curve"."time_days" IS 'time since the anchor, or since the landmark [days]';
COMMENT ON COLUMN "result"."survival_curve"."n_at_risk" IS 'persons under observation just before';
COMMENT ON COLUMN "result"."survival_curve"."n_events" IS 'events at this time';
COMMENT ON COLUMN "result"."survival_curve"."n_censored" IS 'persons lost at this time';
COMMENT ON COLUMN "result"."survival_curve"."survival" IS 'share that had no event so far';
COMMENT ON COLUMN "result"."survival_curve"."standard_error" IS 'Greenwood''s error of the logarithm of survival';
COMMENT ON COLUMN "result"."survival_curve"."ci95_low" IS 'lower bound';
COMMENT ON COLUMN "result"."survival_curve"."ci95_high" IS 'upper bound';
CREATE TABLE "result"."enrichment" (
  "analysis_run_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "timepoint_id" TEXT NOT NULL,
  "sequence" TEXT NOT NULL,
  "region" TEXT NOT NULL,
  "profile" TEXT NOT NULL,
  "feature" TEXT NOT NULL,
  "collection" TEXT NOT NULL,
  "version" TEXT NOT NULL,
  "gene_set" TEXT NOT NULL,
  "molecular_profile_id" TEXT NOT NULL,
  "permute" TEXT NOT NULL,
  "permutations" INT NOT NULL,
  "n" INT,
  "n_ranked_genes" INT NOT NULL,
  "n_genes" INT NOT NULL,
  "es" DOUBLE,
  "nes" DOUBLE,
  "p_value" DOUBLE,
  "q_value" DOUBLE,
  "leading_edge" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "reason" TEXT
);
COMMENT ON TABLE "result"."enrichment" IS 'One row is a gene set in the genes ranked by a feature.';
COMMENT ON COLUMN "result"."enrichment"."analysis_run_id" IS 'run';
COMMENT ON COLUMN "result"."enrichment"."cohort_id" IS 'population';
COMMENT ON COLUMN "result"."enrichment"."timepoint_id" IS 'visit';
COMMENT ON COLUMN "result"."enrichment"."sequence" IS 'image';
COMMENT ON COLUMN "result"."enrichment"."region" IS 'region';
COMMENT ON COLUMN "result"."enrichment"."profile" IS 'extraction profile';
COMMENT ON COLUMN "result"."enrichment"."feature" IS 'feature that ranks the genes; or the name of a signature';
COMMENT ON COLUMN "result"."enrichment"."collection" IS 'collection of gene sets';
COMMENT ON COLUMN "result"."enrichment"."version" IS 'version of the collection';
COMMENT ON COLUMN "result"."enrichment"."gene_set" IS 'set';
COMMENT ON COLUMN "result"."enrichment"."molecular_profile_id" IS 'expression that is ranked';
COMMENT ON COLUMN "result"."enrichment"."permute" IS 'what was shuffled';
COMMENT ON COLUMN "result"."enrichment"."permutations" IS 'how many times';
COMMENT ON COLUMN "result"."enrichment"."n" IS 'persons with the feature and expression; NULL where an association analysis ranked the genes';
COMMENT ON COLUMN "result"."enrichment"."n_ranked_genes" IS 'genes that were ranked';
COMMENT ON COLUMN "result"."enrichment"."n_genes" IS 'genes of the set among them';
COMMENT ON COLUMN "result"."enrichment"."es" IS 'enrichment score';
COMMENT ON COLUMN "result"."enrichment"."nes" IS 'normalised enrichment score';
COMMENT ON COLUMN "result"."enrichment"."p_value" IS 'p by permutation, never 0';
COMMENT ON COLUMN "result"."enrichment"."q_value" IS 'false discovery rate over the sets of the feature';
COMMENT ON COLUMN "result"."enrichment"."leading_edge" IS 'genes of the set that make the score, in their order, as JSON';
COMMENT ON COLUMN "result"."enrichment"."status" IS 'whether it was tested';
COMMENT ON COLUMN "result"."enrichment"."reason" IS 'why not; no_correlations: the association did not test the feature';
CREATE TABLE "result"."gene_set_score" (
  "analysis_run_id" TEXT NOT NULL,
  "cohort_id" TEXT NOT NULL,
  "person_id" TEXT NOT NULL,
  "collection" TEXT NOT NULL,
  "version" TEXT NOT NULL,
  "gene_set" TEXT NOT NULL,
  "molecular_profile_id" TEXT NOT NULL,
  "method" TEXT NOT NULL,
  "n_genes" INT NOT NULL,
  "score" DOUBLE
);
COMMENT ON TABLE "result"."gene_set_score" IS 'One row is the score of a gene set in a person.';
COMMENT ON COLUMN "result"."gene_set_score"."analysis_run_id" IS 'run';
COMMENT ON COLUMN "result"."gene_set_score"."cohort_id" IS 'population';
COMMENT ON COLUMN "result"."gene_set_score"."person_id" IS 'person';
COMMENT ON COLUMN "result"."gene_set_score"."collection" IS 'collection of gene sets';
COMMENT ON COLUMN "result"."gene_set_score"."version" IS 'version of the collection';
COMMENT ON COLUMN "result"."gene_set_score"."gene_set" IS 'set';
COMMENT ON COLUMN "result"."gene_set_score"."molecular_profile_id" IS 'expression that is scored';
COMMENT ON COLUMN "result"."gene_set_score"."method" IS 'score';
COMMENT ON COLUMN "result"."gene_set_score"."n_genes" IS 'genes of the set that are measured';
COMMENT ON COLUMN "result"."gene_set_score"."score" IS 'score; comparable within a set and a run';
