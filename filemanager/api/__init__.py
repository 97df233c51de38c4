"""What comes in over HTTP: SOAP, tokens, health.

Rule: a request is decoded, its caller identified, one service called, the answer encoded; nothing is decided here.
"""
