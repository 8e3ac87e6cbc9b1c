-- title: Author and message of the commit under way
CALL lake.set_commit_message($author, $message)
