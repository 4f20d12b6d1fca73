class OperateError(Exception):
    """Shown to the person as it stands; the command exits with this code and no traceback."""

    exit_code = 1
