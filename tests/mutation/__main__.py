"""`make mutants`: changes the code at one place after another, and lists the changes that no test notices.

    python -m tests.mutation [MODULE...]

Cosmic Ray makes the mutants, with operators of ours beside its own, and keeps a session for each module in `.mutants/`:
an interrupted run goes on where it was, and of a module that has not changed only the survivors are tried again. Each
survivor is explained in survivors.toml. Fails below `least_killed_percent`, and for a survivor that is not explained.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from tests.mutation.run import main

    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("Interrupted. The batches that were done are kept, and the next run goes on from there.")
