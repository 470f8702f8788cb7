"""What run.py calls: installing, building, testing, and the commands of an operator."""
