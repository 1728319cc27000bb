"""`backviz`, and `python -m backviz`: Ctrl-C is no traceback from the first import to the end."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        from backviz.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        from backviz.errors import was_interrupted

        if was_interrupted(error):
            sys.exit(130)
        raise
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is left is Python's own end


if __name__ == "__main__":
    main()
