class OperateError(Exception):
    """Shown to the person as it stands; the command exits 1 with no traceback."""
