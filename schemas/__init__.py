"""What the data is: tables, vocabularies, and the models of the files people write."""
