"""The FileManager: the service that keeps the tree of names and knows which store holds what."""
