"""The commands of a FileManager, one group a file.

Rule: a command reads its options, has one thing done, and prints what came of it; it decides nothing.
"""
