"""What the product guarantees, counted: each test is named after a guarantee. A twentieth of the trials; all by `make guarantees`."""
