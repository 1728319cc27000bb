"""What holds for every test."""

import signal


def pytest_configure() -> None:
    """Let programs that tests start be interrupted, also where tests run in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
