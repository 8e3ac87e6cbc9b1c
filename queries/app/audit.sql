-- title: Who did what to a warehouse, and when
-- grain: something that was done
-- reference: ops.batch, ops.analysis_run, ops.event, ops.quarantine, ops.release, lake.snapshots()
--
-- What roentgene does leaves a row in ops.* that outlives its snapshot. A commit that has no such
-- row is told by itself, and of one that another program made only which tables it changed, for its
-- words are theirs. Up to the first event a commit did not name its program, and is taken for ours
-- where its words are.
WITH
  commits AS (
    SELECT
      snapshot_id,
      snapshot_time,
      author,
      commit_message AS message,
      commit_extra_info AS program,
      changes
    FROM lake.snapshots()
    WHERE snapshot_id > 0
  ),
  events AS (SELECT *, snapshot_id AS snapshot_before FROM ops.event),
  first_event AS (SELECT coalesce(min(snapshot_before), 9223372036854775807) AS at FROM events),
  -- an event is a row of the next commit of its author
  told_by_event AS (
    SELECT min(commits.snapshot_id) AS snapshot_id
    FROM events
    JOIN commits
      ON commits.snapshot_id > events.snapshot_before
      AND commits.author = events.author
      AND commits.program LIKE 'roentgene %'
    GROUP BY events.event_id
  ),
  ours AS (
    SELECT commits.*
    FROM commits
    CROSS JOIN first_event
    WHERE commits.program LIKE 'roentgene %'
      OR (commits.program IS NULL AND commits.snapshot_id <= first_event.at)
  ),
  told AS (
    SELECT snapshot_id FROM told_by_event
    UNION
    SELECT ours.snapshot_id
    FROM ours
    JOIN ops.batch AS batch ON batch.message = ours.message AND batch.author = ours.author
    UNION
    SELECT ours.snapshot_id
    FROM ours
    JOIN ops.analysis_run AS run
      ON starts_with(ours.message, 'analyze ' || run.analysis || ' ' || run.name || ' of ')
      AND run.author = ours.author
    UNION
    SELECT ours.snapshot_id
    FROM ours
    JOIN ops.release AS release
      ON ours.message IN ('release ' || release.release, 'supersede release ' || release.release)
    UNION
    SELECT ours.snapshot_id
    FROM ours
    JOIN ops.quarantine AS refusal
      ON refusal.decided_by = ours.author
      AND abs(epoch(refusal.decided_at) - epoch(ours.snapshot_time)) < 60
      AND regexp_matches(ours.message, '^(waive|retry) ')
    UNION
    -- each of these belongs to what is told
    SELECT snapshot_id
    FROM ours
    WHERE regexp_matches(
      message,
      '^(bring up to date|optimize): |^(statistics of new tables|new tables are empty)$'
    )
  ),
  done AS (
    SELECT
      committed_at AS happened_at,
      author,
      'ingest' AS action,
      cohort_id || ', batch ' || batch_id AS subject,
      CAST(
        json_object(
          'n_measurements', n_measurements,
          'n_values', n_values,
          'n_table_rows', n_table_rows,
          'n_refused', n_refused
        ) AS VARCHAR
      ) AS details,
      'roentgene ' || code_version AS program
    FROM ops.batch
    UNION ALL
    SELECT
      finished_at,
      author,
      'analyze',
      analysis || ' ' || name,
      CAST(
        json_object(
          'analysis_run_id', analysis_run_id,
          'snapshot_id', snapshot_id,
          'fingerprint', fingerprint
        ) AS VARCHAR
      ),
      'roentgene ' || code_version
    FROM ops.analysis_run
    UNION ALL
    SELECT happened_at, author, action, subject, details, 'roentgene ' || code_version
    FROM events
    UNION ALL
    -- before there were events: what was decided, released and migrated
    SELECT
      decided_at,
      decided_by,
      CASE state WHEN 'waived' THEN 'waive' ELSE 'retry' END,
      count(*) || CASE count(*) WHEN 1 THEN ' refusal' ELSE ' refusals' END,
      '{}',
      NULL
    FROM ops.quarantine
    WHERE state IN ('waived', 'retry')
      AND decided_at NOT IN (SELECT happened_at FROM events WHERE action IN ('waive', 'retry'))
    GROUP BY decided_at, decided_by, state
    UNION ALL
    SELECT
      created_at,
      author,
      'release',
      release,
      CAST(
        json_object('fingerprint', fingerprint, 'made_from_snapshot', snapshot_id) AS VARCHAR
      ),
      NULL
    FROM ops.release
    WHERE release NOT IN (SELECT subject FROM events WHERE action = 'release')
    UNION ALL
    SELECT applied_at, 'unknown', 'create', migration, '{}', NULL
    FROM ops.migration
    WHERE NOT EXISTS (
      SELECT 1
      FROM events
      WHERE action IN ('create', 'upgrade') AND contains(subject, migration)
    )
    UNION ALL
    SELECT
      commits.snapshot_time,
      coalesce(commits.author, 'unknown'),
      'commit',
      CASE
        WHEN ours.snapshot_id IS NOT NULL THEN commits.message
        ELSE 'snapshot ' || commits.snapshot_id
      END,
      CAST(
        json_object(
          'changes', map_keys(commits.changes),
          'tables', (
            SELECT coalesce(list(DISTINCT schemas.schema_name || '.' || tables.table_name), [])
            FROM __ducklake_metadata_lake.ducklake_table AS tables
            JOIN __ducklake_metadata_lake.ducklake_schema AS schemas USING (schema_id)
            WHERE list_contains(
              flatten(map_values(commits.changes)), CAST(tables.table_id AS VARCHAR)
            )
          )
        ) AS VARCHAR
      ),
      coalesce(commits.program, 'unknown')
    FROM commits
    LEFT JOIN ours USING (snapshot_id)
    WHERE commits.snapshot_id NOT IN (SELECT snapshot_id FROM told)
  )
SELECT
  strftime(timezone('UTC', happened_at), '%Y-%m-%dT%H:%M:%SZ') AS at_utc,
  author AS who,
  action AS what,
  subject,
  details,
  program
FROM done
WHERE happened_at >= CAST($since AS TIMESTAMP WITH TIME ZONE)
  AND ($until IS NULL OR happened_at < CAST($until AS TIMESTAMP WITH TIME ZONE))
  AND ($who IS NULL OR author = $who)
  AND ($what IS NULL OR action = $what)
ORDER BY happened_at, what, subject
