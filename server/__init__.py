"""HTTP, workers and the command line: where Storehand meets the outside."""
