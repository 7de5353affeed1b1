"""Twenty reloads under load leak nothing; make soak-reloads has a thousand of them."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fault"))
import reloads

reloads.main_of(20, 1)
