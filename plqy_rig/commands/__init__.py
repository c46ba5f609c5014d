"""What each command of `plqy` does, without the command line around it."""
