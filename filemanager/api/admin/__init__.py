"""What operators ask: health.

Rule: tells nobody anything that is not theirs to know.
"""
