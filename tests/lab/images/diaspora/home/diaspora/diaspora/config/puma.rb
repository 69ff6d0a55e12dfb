# Stand-in: read by its name only.
