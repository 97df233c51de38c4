"""The demonstration of `vofiles up --demo`: real astronomical files through the main job, seen and compared.

Rule: it uses the client library as a script would, and nothing else; what it prints has happened.
"""
