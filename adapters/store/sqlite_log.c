#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "adapters/store/sqlite.h"

#define LOG_LITTLE 256 /* pages, moved within a millisecond or two */
#define MAINTAIN_MOST 4 /* rounds in one call */

/* ---- one at a time: a checkpoint, or a transaction that starts the log again ----
 *
 * SQLite before 3.51.3 can lose pages when a commit resets the log while a checkpoint starts on
 * another handle: the checkpoint takes the new log's pages for moved.  "Write-Ahead Logging", "The
 * WAL-Reset Bug" (https://www.sqlite.org/wal.html#walresetbug).  The handles of one file in this
 * process share a lock that keeps the two apart; only serve, which is one process, writes and
 * maintains.  The list is the process's because the bug is about handles that know nothing of each
 * other, and keyed by the file, so that two stores never wait for one another. */

#define FIXED_IN 3051003

struct log_lock {
    pthread_mutex_t mutex;
    dev_t dev;
    ino_t ino;
    unsigned users;
    struct log_lock *next;
};

static struct log_lock *locks;
static pthread_mutex_t locks_mutex = PTHREAD_MUTEX_INITIALIZER;

static struct log_lock *lock_of(const struct stat *st)
{
    struct log_lock *l = locks;

    while (l && (l->dev != st->st_dev || l->ino != st->st_ino))
        l = l->next;
    if (!l && (l = calloc(1, sizeof(*l))) != NULL) {
        pthread_mutex_init(&l->mutex, NULL);
        l->dev = st->st_dev;
        l->ino = st->st_ino;
        l->next = locks;
        locks = l;
    }
    if (l)
        l->users++;
    return l;
}

int sqlite_log_open(struct sqlite *s, const char *path, struct err *err)
{
    struct stat st;

    if (sqlite3_libversion_number() >= FIXED_IN)
        return 0;
    if (stat(path, &st) != 0)
        return err_set(err, ERR_SYSTEM, "%s: it is gone; was the data folder moved?", path);
    pthread_mutex_lock(&locks_mutex);
    s->log_lock = lock_of(&st);
    pthread_mutex_unlock(&locks_mutex);
    return s->log_lock ? 0 : err_set(err, ERR_SYSTEM, "store: out of memory");
}

void sqlite_log_close(struct sqlite *s)
{
    struct log_lock *l = s->log_lock, **at = &locks;

    if (!l)
        return;
    pthread_mutex_lock(&locks_mutex);
    if (--l->users == 0) {
        while (*at != l)
            at = &(*at)->next;
        *at = l->next;
        pthread_mutex_destroy(&l->mutex);
        free(l);
    }
    pthread_mutex_unlock(&locks_mutex);
    s->log_lock = NULL;
}

bool sqlite_log_try(struct sqlite *s)
{
    return !s->log_lock || pthread_mutex_trylock(&s->log_lock->mutex) == 0;
}

void sqlite_log_leave(struct sqlite *s)
{
    if (s->log_lock)
        pthread_mutex_unlock(&s->log_lock->mutex);
}

/* ---- the log ---- */

/* Pages of the log that no checkpoint has moved yet; 0 when that can't be known.  SQLite keeps the
 * number of those that were in the index that it shares between handles: "WAL-mode File Format",
 * section 2.1, nBackfill at byte 96 (https://www.sqlite.org/walformat.html). */
static int64_t log_left(struct sqlite *s)
{
    sqlite3_file *file = NULL;
    volatile void *shared = NULL;
    uint32_t moved;

    if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        !file || !file->pMethods || file->pMethods->iVersion < 2 ||
        file->pMethods->xShmMap(file, 0, 32768, 0, &shared) != SQLITE_OK || !shared)
        return 0;
    moved = __atomic_load_n((volatile uint32_t *)shared + 96 / sizeof(uint32_t), __ATOMIC_ACQUIRE);
    return s->wal_size - (int64_t)moved;
}

/* SQLite resets the log only in a transaction that found all of it moved when it began; what is
 * moved later does not count.  So most transactions never meet the lock, and one that does waits
 * for the end of a round that has nothing left to move: a PASSIVE one never waits for a writer. */
void sqlite_log_begin(struct sqlite *s)
{
    if (!s->log_lock || log_left(s) > 0)
        return;
    pthread_mutex_lock(&s->log_lock->mutex);
    s->log_held = true;
}

void sqlite_log_end(struct sqlite *s)
{
    if (s->log_held)
        sqlite_log_leave(s);
    s->log_held = false;
}

/* The log is kept bounded by its writer: maintain moves pages beside intake, but only a moment
 * without a writer lets the log start again from its beginning.  The best moment is when little is
 * left to move, for the next commit waits; past the limit it is any. */
void sqlite_log_bound(struct sqlite *s)
{
    int64_t limit = s->tuning.wal_pages;

    if (s->wal_size <= limit && (s->wal_size <= limit / 4 || log_left(s) > LOG_LITTLE))
        return;
    if (!sqlite_log_try(s))
        return; /* maintain is at work: the next commit tries again */
    sqlite3_busy_timeout(s->db, 0); /* a reader in the way: the same */
    sqlite_unsynced(s, sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL));
    sqlite3_busy_timeout(s->db, BUSY_MS);
    sqlite_log_leave(s);
}

/* When the last process ended by force, or after a sync that failed, the log may look whole in the kernel's
 * memory and have a hole on the disk; what is committed behind a hole is lost with the power.  So all of it
 * is moved, synced, and begun anew before anything is promised.  A reader in the way (`coverage`, a backup)
 * is waited for a while; what it holds back is moved by the next rounds. */
int sqlite_log_renew(struct sqlite *s, struct err *err)
{
    int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

    return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY ? 0 : sqlite_fail(s, err, "moving the log into the file");
}

/* While a round moves pages new ones come, fewer each time: so that little is left at the end, and
 * the writer finds its moment. */
int sqlite_maintain(struct store *store, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    int before = 0;

    for (int i = 0; i < MAINTAIN_MOST; i++) {
        int log, moved, rc;
        if (!sqlite_log_try(s))
            break; /* the writer starts the log again: all of it was moved a moment ago */
        rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &log, &moved);
        sqlite_log_leave(s);
        if ((rc & 0xff) == SQLITE_BUSY)
            break; /* another checkpoint is under way: it does the same */
        if (rc != SQLITE_OK)
            return sqlite_fail(s, err, "moving the log into the file");
        if (moved == log || (moved - before >= 0 && moved - before <= LOG_LITTLE))
            break;
        before = moved;
    }
    return 0;
}
