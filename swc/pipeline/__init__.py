"""Compiler and runtime joined: search and training that start from a spec. Loads torch only when it runs."""
