"""One test for each line of the client checklists: what each client sends, what it must read back, and who says so."""
