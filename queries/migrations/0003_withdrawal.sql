-- A person is withdrawn under several names, whole or in part; the receipt joins them.
ALTER TABLE "ops"."withdrawal" ADD COLUMN "withdrawal_id" TEXT;
COMMENT ON TABLE "ops"."withdrawal" IS 'One row is a name of a person who withdrew, and what was withdrawn.';
COMMENT ON COLUMN "ops"."withdrawal"."person_hash" IS 'keyed hash of a patient''s or sample''s id in its cohort; the key lies outside the warehouse';
COMMENT ON COLUMN "ops"."withdrawal"."scope" IS 'all, imaging, genomic, clinical or dose';
COMMENT ON COLUMN "ops"."withdrawal"."withdrawal_id" IS 'number of the receipt, the same for all names of the person';
