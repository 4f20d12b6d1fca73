"""Terraform as a program: how it is run in a stack's folder, what it says, and where its provider comes from."""
