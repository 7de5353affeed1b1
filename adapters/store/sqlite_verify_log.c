/* sqlite_verify_log.c: SQLite takes the first frame whose checksum is wrong for the end of its log, and so
 * says nothing about commits behind it.  Here the log is read as bytes ("WAL-mode File Format",
 * https://www.sqlite.org/walformat.html): what stands behind its end tells damage from an end. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/store/sqlite_verify.h"

#define HEADER 32
#define FRAME  24
#define PAGE_MOST 65536

struct log {
    struct verify *v;
    int fd;
    int64_t size, frames; /* whole ones */
    uint32_t page, generation, salts[2], sums[2]; /* sums: running */
    bool big;
    unsigned char bytes[FRAME + PAGE_MOST];
};

static uint32_t number(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t word(const struct log *l, const unsigned char *p)
{
    return l->big ? number(p) : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static void sum(const struct log *l, uint32_t sums[2], const unsigned char *p, size_t n)
{
    for (; n >= 8; p += 8, n -= 8) {
        sums[0] += word(l, p) + sums[1];
        sums[1] += word(l, p + 4) + sums[0];
    }
}

static bool read_at(struct log *l, unsigned char *to, size_t n, int64_t at)
{
    for (size_t got = 0; got < n;) {
        ssize_t k = pread(l->fd, to + got, n - got, (off_t)at + (off_t)got);
        l->v->unread |= k < 0 && errno != EINTR;
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        got += (size_t)k;
    }
    return true;
}

static bool read_frame(struct log *l, int64_t frame)
{
    return read_at(l, l->bytes, FRAME + l->page, HEADER + frame * (int64_t)(FRAME + l->page));
}

/* Why the header can't be used; NULL: it can. */
static const char *read_header(struct log *l)
{
    unsigned char *h = l->bytes;
    uint32_t sums[2] = { 0, 0 };

    if (l->size < HEADER || !read_at(l, h, HEADER, 0))
        return "it is shorter than its header";
    l->big = h[3] & 1;
    if ((number(h) & ~1u) != 0x377f0682u || number(h + 4) != 3007000)
        return "its first bytes are not those of a log";
    l->page = number(h + 8);
    if (l->page < 512 || l->page > PAGE_MOST || (l->page & (l->page - 1)))
        return "its page size is impossible";
    sum(l, sums, h, 24);
    if (sums[0] != number(h + 24) || sums[1] != number(h + 28))
        return "the checksum of its header is wrong";
    l->generation = number(h + 12);
    l->salts[0] = number(h + 16);
    l->salts[1] = number(h + 20);
    memcpy(l->sums, sums, sizeof(sums));
    l->frames = (l->size - HEADER) / (int64_t)(FRAME + l->page);
    return NULL;
}

static bool same_salts(const struct log *l)
{
    return number(l->bytes + 8) == l->salts[0] && number(l->bytes + 12) == l->salts[1];
}

/* The frame in l->bytes goes on where `sums` ended. */
static bool chains(struct log *l, uint32_t sums[2])
{
    sum(l, sums, l->bytes, 8);
    sum(l, sums, l->bytes + FRAME, l->page);
    return sums[0] == number(l->bytes + 16) && sums[1] == number(l->bytes + 20);
}

static bool is_old(const struct log *l)
{
    uint32_t age = l->salts[0] - number(l->bytes + 8);

    /* Every generation counts the first salt up by one; this file has had so many. */
    return age >= 1 && age <= l->generation && number(l->bytes) != 0;
}

/* Behind the valid frames: nothing, frames of an older generation, or what damage has left. */
static void look_behind(struct log *l, int64_t end)
{
    struct verify *v = l->v;
    uint32_t sums[2] = { l->sums[0], l->sums[1] };
    int64_t newer = 0;
    bool ours, linked, old;

    if (end == l->frames) {
        if ((l->size - HEADER) % (int64_t)(FRAME + l->page))
            verify_say_unfinished(v, end + 1, "the log ends inside a frame");
        return;
    }
    if (!read_frame(l, end))
        return;
    ours = same_salts(l);
    linked = chains(l, sums);
    old = is_old(l);
    for (int64_t i = end + 1; newer == 0 && i < l->frames && read_frame(l, i); i++)
        newer = same_salts(l) ? i + 1 : 0;
    if (newer)
        verify_say(v, "log", end + 1, "this frame is damaged, and commits stand behind it (frame %lld "
                   "on): they are lost", (long long)newer);
    else if (linked)
        verify_say(v, "log", end + 1, "the salts of this frame are damaged: its commit is lost");
    else if (ours)
        verify_say_unfinished(v, end + 1, "the checksum of the last frame is wrong");
    else if (!old)
        verify_say(v, "log", end + 1, "this frame is damaged: its commit may be lost");
}

static void check(struct log *l, int64_t most)
{
    struct verify *v = l->v;
    int64_t i = 0, open = 0;

    for (; i < l->frames && (most < 0 || i < most) && read_frame(l, i); i++) {
        uint32_t sums[2] = { l->sums[0], l->sums[1] };
        if (!same_salts(l) || !chains(l, sums))
            break;
        memcpy(l->sums, sums, sizeof(sums));
        open = number(l->bytes + 4) ? 0 : open + 1;
        v->out->log_commits += open == 0;
    }
    v->out->log_frames = i;
    if (most >= 0) {
        if (i < most)
            verify_say(v, "log", i + 1, "the checksum of this frame is wrong, and the server needs it");
        return;
    }
    if (open)
        verify_say_unfinished(v, i - open + 1, "the log ends in a transaction that has no end (%lld frames)",
                              (long long)open);
    look_behind(l, i);
}

void verify_log(struct verify *v, int64_t frames, const unsigned char salts[8])
{
    struct log *l = calloc(1, sizeof(*l));
    const char *why;
    struct stat st;

    if (!l) {
        v->lacking = true;
        return;
    }
    l->v = v;
    l->fd = open(v->log, O_RDONLY | O_CLOEXEC);
    if (l->fd < 0 || fstat(l->fd, &st) != 0 || st.st_size == 0)
        goto out;
    l->size = (int64_t)st.st_size;
    why = read_header(l);
    if (frames >= 0) { /* the server may have started the log anew: what was in it is in the file */
        if (!why && memcmp(l->bytes + 16, salts, 8) == 0)
            check(l, frames);
    } else if (why) {
        verify_say(v, "log", 0, "%s: all commits in it are lost", why);
    } else {
        check(l, -1);
    }
out:
    if (l->fd >= 0)
        close(l->fd);
    free(l);
}
