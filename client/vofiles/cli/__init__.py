"""The command line of vofiles: one file a verb.

Rule: verbs turn words into calls of `vofiles.tree` and answers into lines; they hold no rule of the services.
"""
