"""`./doorward`, the lock files and the import rules: what a fresh clone rests on."""
