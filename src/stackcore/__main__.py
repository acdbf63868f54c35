"""`python -m stackcore`: the same as the console script."""

from stackcore.cli.app import main

if __name__ == "__main__":
    main()
