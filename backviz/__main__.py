"""`python -m backviz`."""

from backviz.cli import main

if __name__ == "__main__":
    main()
