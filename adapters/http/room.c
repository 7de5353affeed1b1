/* A thousand clients that say nothing cost an attacker nothing, and us all the connections that there
 * may be: then the next visitor waits in the kernel's queue until one of them is past its deadline,
 * ten seconds or a minute.  So when seven of eight connections are taken, those that have been idle,
 * or on one request or answer, for longest are cut until a quarter is free.  Whoever has a request
 * with us is not touched, nor is anybody in the first second of what he does: to keep a visitor
 * out, an attacker must open all the connections anew every second. */
#include <malloc.h>
#include <sys/ioctl.h>

#include "adapters/http/internal.h"

#define STEP_NS UINT64_C(250000000)
#define STEPS 64 /* ages past 16 s are alike */
#define AGE_MIN 4
#define PAUSE_NS (UINT64_C(100) * 1000 * 1000)

/* Fewer are not worth it: free memory is kept for the next ones. */
#define CROWD 1000

/* In steps; -1: not to be cut. */
static int age_of(uint64_t state, uint64_t now)
{
    enum phase phase = STATE_PHASE(state);
    uint64_t since = STATE_NS(state), steps;

    if (phase != PHASE_IDLE && phase != PHASE_READING && phase != PHASE_SENDING)
        return -1;
    steps = now > since ? (now - since) / STEP_NS : 0;
    return steps < STEPS ? (int)steps : STEPS - 1;
}

/* A request that has arrived while the server's thread was busy with others: that the client was idle
 * before is not held against it.  What the library has read of a header is not there any more, so
 * half a request spares nobody. */
static bool asks(const struct http_connection *c, uint64_t state)
{
    int bytes = 0;

    return STATE_PHASE(state) == PHASE_IDLE && ioctl(c->fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

/* The youngest age that has to go so that count do. */
static int youngest(struct http_server *s, uint64_t now, unsigned count)
{
    unsigned ages[STEPS] = { 0 }, sum = 0;
    int age;

    for (struct http_connection *c = s->head; c; c = c->next)
        if ((age = age_of(atomic_load(&c->state), now)) >= 0)
            ages[age]++;
    for (age = STEPS - 1; age > AGE_MIN && sum + ages[age] < count; age--)
        sum += ages[age];
    return age;
}

/* At most `most` of those that old. */
static unsigned cut_between(struct http_server *s, uint64_t now, int from, int to, unsigned most)
{
    unsigned cut = 0;

    for (struct http_connection *c = s->head; c && cut < most; c = c->next) {
        uint64_t state = atomic_load(&c->state);
        int age = age_of(state, now);
        if (age >= from && age <= to && !asks(c, state))
            cut += http_cut(c, state);
    }
    return cut;
}

void http_make_room(struct http_server *s, uint64_t now)
{
    unsigned limit = s->limits.connections, there = atomic_load(&s->connections), count, cut;
    uint64_t before = atomic_load(&s->made_room_ns);
    int age;

    if (there <= limit - limit / 8 || now < before + PAUSE_NS ||
        !atomic_compare_exchange_strong(&s->made_room_ns, &before, now))
        return;
    count = there - (limit - limit / 4);
    pthread_mutex_lock(&s->lock);
    age = youngest(s, now, count);
    cut = cut_between(s, now, age + 1, STEPS, count);
    cut += cut_between(s, now, age, age, count - cut);
    pthread_mutex_unlock(&s->lock);
    atomic_fetch_add_explicit(&s->cut_for_room, cut, memory_order_relaxed);
}

/* Each connection has some 30 KB in the C library's heap, which keeps what is freed between others. */
void http_trim(struct http_server *s)
{
    unsigned now = atomic_load(&s->connections);

    if (now > s->crowd)
        s->crowd = now;
    if (s->crowd < CROWD || now > s->crowd / 4)
        return;
    s->crowd = now;
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

void http_server_make_room(struct http_server *s)
{
    http_make_room(s, http_clock());
}
