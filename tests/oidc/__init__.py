"""The relying party against a provider made here, one mutation at a time, and against a real one nobody here wrote."""
