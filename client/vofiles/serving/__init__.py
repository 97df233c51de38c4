"""What both servers need for serving. Imported by layers 5 and 6 only, and only with the `[server]` extra installed."""
