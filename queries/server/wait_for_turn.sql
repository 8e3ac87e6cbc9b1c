-- title: Wait for the right to commit, which lasts until this transaction ends
-- grain: one row
-- reference: advisory locks of PostgreSQL
--
-- Sent to PostgreSQL as it is. Writers of one catalogue, which is one schema, take their turns.
SELECT pg_advisory_xact_lock(hashtext('roentgene'), hashtext(current_schema())) IS NOT NULL AS held
