"""Pure rules of the FileManager: one noun a file; nothing here does I/O or knows the time."""
