"""Shooting a stack: the plan as data, the engine that makes it happen, the record of what did."""
