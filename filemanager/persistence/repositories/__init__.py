"""The repositories of the ports, on SQL; one file each.

Rule: every statement is built once, when its module is loaded, and takes its values by name; building one at a call
costs more than running it. A repository asks for many things at once with one statement, never with one for each.
"""
