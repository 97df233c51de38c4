"""The FileManager's database: tables, repositories on them, the migrations that make them; and the same in memory."""
