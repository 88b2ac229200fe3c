"""Measured quality: scenarios of the demo shop, graded on the end state of the database. Product code never imports this."""
