-- title: Author, message and program of the commit under way
--
-- The program is what tells our commits from those of others.
CALL lake.set_commit_message($author, $message, extra_info => $program)
