"""The store: one folder, opened, read, written and migrated through here alone."""
