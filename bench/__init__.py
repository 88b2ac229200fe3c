"""Speed and scale, side by side with peers in the same run: `make bench`."""
