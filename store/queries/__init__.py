"""Questions to the database, one file an aggregate. Functions of a transaction; row security has already chosen the rows."""
