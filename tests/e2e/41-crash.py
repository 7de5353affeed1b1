"""25 deaths and power failures under load, and what must notice when something is lost.  `make soak` does
the same with 1,000."""
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/fault")
import crash
from harness import *

SEED = 20261131


@part
def twenty_five_points():
    run = crash.Run(SEED, short=True)
    run.points(25)
    run.doctor()
    run.control("a disk whose fsync does nothing", "lost", no_sync=True)
    say("# %d lives; %s" % (run.totals["lives"], crash.died_at(run)))


main()
