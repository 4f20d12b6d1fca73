class LocalAwsError(Exception):
    """Shown to the person as it stands, with no traceback."""
