"""What the store answers: control by SOAP, bytes by HTTP, health for operators.

Rule: thin; every operation is one call of a service, and every failure is worded by the one table of faults.
"""
