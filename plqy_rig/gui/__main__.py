"""`python -m plqy_rig.gui`: the window with the choice of a rig."""

import sys

from plqy_rig.gui.application import run

if __name__ == "__main__":
    sys.exit(run())
