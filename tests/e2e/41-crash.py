"""25 deaths and power failures under load, and what must notice when something is lost.  `make soak` does
the same with 1,000."""
import random
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/fault")
import crash
from harness import *

SEED = 20261131


@part
def points():
    run = crash.Run(SEED, short=True)
    run.points(25 if SHARE == 1 else 10)
    run.doctor()
    run.disk_model(8)
    run.control("a disk whose fsync does nothing", "lost", no_sync=True)
    say("# %d lives; %s" % (run.totals["lives"], crash.died_at(run)))


@part
def a_folder_that_was_just_made():
    """Killed between mkdir and the fsync of its parent; later the power fails."""
    life = crash.Life(Sandbox(), random.Random(SEED), True)
    try:
        life.point(crash.Point("fresh", "create", 1, crash.shims.AFTER))
        life.point(crash.Point("kill", power="none", least=20))
        life.close()
        good("a data folder whose start was killed is on the disk after the next one")
    finally:
        life.clean()


main()
