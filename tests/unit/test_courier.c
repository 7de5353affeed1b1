/* The courier: what it delivers to whom, and what it does with receivers that are down, hang, say no or die. */
#define _GNU_SOURCE 1 /* memmem */
#include "adapters/alert/courier.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/scripted_http.h"

#define TOKEN "12345:a-secret-of-the-bot"

static const struct courier_settings quick = { .timeout_ms = 400, .retry_ms = 20, .tries = 2, .grace_ms = 600 };
static const struct courier_settings patient = { .timeout_ms = 10000, .retry_ms = 20, .tries = 2, .grace_ms = 600 };
static uint64_t seed = 20261126; /* another one as argument */
static char folder[] = "/tmp/clickbaton-courier-XXXXXX";

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void pause_ms(long ms)
{
    const struct timespec t = { .tv_nsec = ms * 1000000 };

    nanosleep(&t, NULL);
}

static struct courier *fork_with(const struct courier_settings *settings)
{
    struct err err = { 0 };
    struct courier *c = courier_fork(settings, &err);

    assert_non_null(c);
    return c;
}

static struct courier *fork_one(void)
{
    return fork_with(&patient);
}

static void begin(struct courier *c, const struct alert_receiver *list, size_t n)
{
    struct err err = { 0 };

    assert_int_equal(courier_begin(c, list, n, &err), 0);
}

static const struct alert_note note = { .severe = false, .code = "A001", .kind = "fired",
                                        .json = SLICE("{\"kind\":\"fired\"}\n"),
                                        .subject = SLICE("clickbaton ALERT A001 nutra"),
                                        .text = SLICE("no Purchase\nsince \xc3\xa4 while\n.\nfirst: look\n") };

static struct courier_result next(struct courier *c)
{
    struct courier_result r = { .id = -1 };
    int64_t end = now_ms() + 10000;
    int rc;

    while ((rc = courier_result(c, &r)) == 0 && now_ms() < end)
        pause_ms(2);
    if (rc == -1)
        r.id = -2;
    return r;
}

static void expect(struct courier *c, int64_t id, unsigned receiver, bool done, bool last, const char *why)
{
    struct courier_result r = next(c);

    assert_int_equal(r.id, id);
    assert_int_equal(r.receiver, receiver);
    if (!strstr(r.why, why))
        fail_msg("\"%s\" is not in \"%s\"", why, r.why);
    assert_int_equal(r.done, done);
    assert_int_equal(r.last, last);
}

/* ---- HTTP ---- */

static struct scripted_answer next_answer;

static void answer(void *context, const struct scripted_request *request, struct scripted_answer *out)
{
    (void)context;
    (void)request;
    *out = next_answer;
}

static void address(char out[80], const struct scripted_http *s, const char *path)
{
    snprintf(out, 80, "http://127.0.0.1:%d%s", scripted_port(s), path);
}

static void webhook_and_telegram(void **state)
{
    struct courier *c = fork_one();
    struct scripted_http *s = scripted_open(answer, NULL);
    char hook[80], bot[80];
    struct alert_receiver list[] = { { .kind = ALERT_WEBHOOK, .name = "hook", .url = hook },
                                     { .kind = ALERT_TELEGRAM, .name = "bot", .url = bot, .token = TOKEN,
                                       .chat = "-100123" } };

    (void)state;
    next_answer = (struct scripted_answer){ .body = "fine" };
    address(hook, s, "/services/SECRETPATH");
    address(bot, s, "");
    begin(c, list, 2);
    assert_int_equal(courier_send(c, 1, 0, &note), 0);
    expect(c, 1, 0, true, true, "it answered 200: fine");
    assert_true(strstr(scripted_get(s, 0).head, "POST /services/SECRETPATH HTTP/1.1\r\n") != NULL);
    assert_true(strstr(scripted_get(s, 0).head, "Content-Type: application/json\r\n") != NULL);
    assert_true(slice_eq(scripted_get(s, 0).body, note.json));
    assert_int_equal(courier_send(c, 2, 1, &note), 0);
    expect(c, 2, 1, true, true, "it answered 200");
    assert_true(strstr(scripted_get(s, 1).head, "POST /bot" TOKEN "/sendMessage HTTP/1.1\r\n") != NULL);
    assert_true(slice_eq(scripted_get(s, 1).body,
                         S("{\"chat_id\":\"-100123\",\"text\":\"no Purchase\\nsince \xc3\xa4 while\\n.\\nfirst: look\\n\"}")));
    courier_close(c);
    scripted_close(s);
}

/* Status, whether it is tried again, and what of the answer is told. */
static const struct {
    struct scripted_answer answer;
    bool again;
    const char *why;
} refusals[] = {
    { { .status = 500, .body = "oh\r\n\x1b[31mno" }, true, "it answered 500: oh   [31mno" },
    { { .status = 429 }, true, "it answered 429" },
    { { .status = 404, .body = "no such hook" }, false, "it answered 404: no such hook" },
    { { .status = 302, .headers = "Location: http://127.0.0.1:9/\r\n" }, false, "it answered 302" },
    { { .status = 401, .body = "bot" TOKEN " is not known" }, false, "it answered 401: bot***" },
    { { .action = SCRIPTED_CLOSE }, true, "Server returned nothing" },
    { { .action = SCRIPTED_RESET }, true, "" },
    { { .action = SCRIPTED_STALL }, true, "" },
    { { .body = "long", .padding = 3000000 }, false, "it answered 200: long" },
};

static void endpoints_that_fail(void **state)
{
    struct courier *c = fork_with(&quick);
    struct scripted_http *s = scripted_open(answer, NULL);
    char bot[80];
    struct alert_receiver one = { .kind = ALERT_TELEGRAM, .name = "bot", .url = bot, .token = TOKEN, .chat = "1" };

    (void)state;
    address(bot, s, "");
    begin(c, &one, 1);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
        bool done = refusals[i].answer.padding > 0;
        next_answer = refusals[i].answer;
        assert_int_equal(courier_send(c, (int64_t)i, -1, &note), 0);
        for (int t = 0; t < (refusals[i].again ? 2 : 1); t++)
            expect(c, (int64_t)i, 0, done, !refusals[i].again || t == 1, refusals[i].why);
    }
    courier_close(c);
    scripted_close(s);
}

static void an_endpoint_that_is_down(void **state)
{
    struct courier *c = fork_one();
    struct alert_receiver one = { .kind = ALERT_WEBHOOK, .name = "hook", .url = "http://127.0.0.1:9/" };

    (void)state;
    begin(c, &one, 1);
    assert_int_equal(courier_send(c, 7, -1, &note), 0);
    expect(c, 7, 0, false, false, "connect to server");
    expect(c, 7, 0, false, true, "connect to server");
    courier_close(c);
}

/* ---- secrets ---- */

/* The first child of a process; 0: none. */
static int child_of(int parent)
{
    char path[80];
    int pid = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
    f = fopen(path, "r");
    if (!f)
        return 0;
    if (fscanf(f, "%d", &pid) != 1)
        pid = 0;
    fclose(f);
    return pid;
}

/* The courier of the minder, as soon as there is one. */
static int courier_of(const struct courier *c)
{
    int64_t end = now_ms() + 5000;
    int pid = 0;

    while ((pid = child_of(courier_pid(c))) == 0 && now_ms() < end)
        pause_ms(1);
    assert_true(pid > 0);
    return pid;
}

static bool is_gone(int pid)
{
    char path[60], line[200] = "";
    FILE *f;
    bool gone;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    f = fopen(path, "r");
    gone = !f || (fgets(line, sizeof(line), f) && strstr(line, ") Z "));
    if (f)
        fclose(f);
    return gone;
}

static void assert_gone(int pid)
{
    for (int i = 0; i < 500 && !is_gone(pid); i++)
        pause_ms(10);
    assert_true(is_gone(pid));
}

static bool range_holds(int mem, unsigned long from, unsigned long to, const char *text)
{
    size_t len = to - from;
    char *bytes = malloc(len);
    bool holds;

    assert_non_null(bytes);
    holds = pread(mem, bytes, len, (off_t)from) == (ssize_t)len && memmem(bytes, len, text, strlen(text)) != NULL;
    free(bytes);
    return holds;
}

/* Is text anywhere in what that process can write to? */
static bool memory_holds(int pid, const char *text)
{
    char path[80], line[400];
    unsigned long from, to;
    bool holds = false;
    FILE *maps;
    int mem;

    snprintf(path, sizeof(path), "/proc/%d/mem", pid);
    mem = open(path, O_RDONLY);
    snprintf(path, sizeof(path), "/proc/%d/maps", pid);
    maps = fopen(path, "r");
    assert_true(mem != -1 && maps != NULL);
    while (!holds && fgets(line, sizeof(line), maps))
        if (sscanf(line, "%lx-%lx rw", &from, &to) == 2 && strstr(line, " rw-p ") && to - from < (64UL << 20))
            holds = range_holds(mem, from, to, text);
    fclose(maps);
    close(mem);
    return holds;
}

/* Who delivers to one receiver has nothing of the others'. */
static void secrets_of_others(void **state)
{
    struct courier *c = fork_one(); /* before the tokens are made: it can only know them from us */
    struct scripted_http *s = scripted_open(answer, NULL);
    char own[40], other[40], bot[80];
    struct alert_receiver list[] = {
        { .kind = ALERT_TELEGRAM, .name = "a", .url = bot, .token = own, .chat = "1" },
        { .kind = ALERT_TELEGRAM, .name = "b", .url = bot, .token = other, .chat = "2" },
    };
    int64_t end = now_ms() + 5000;
    int pid = 0;

    (void)state;
    snprintf(own, sizeof(own), "own-%llx", (unsigned long long)now_ms() * 7919);
    snprintf(other, sizeof(other), "other-%llx", (unsigned long long)now_ms() * 104729);
    next_answer = (struct scripted_answer){ .action = SCRIPTED_STALL };
    address(bot, s, "");
    begin(c, list, 2);
    assert_int_equal(courier_send(c, 1, 0, &note), 0);
    while (scripted_count(s) == 0 && now_ms() < end)
        pause_ms(5);
    pid = child_of(courier_of(c));
    assert_true(pid > 0);
    assert_true(memory_holds(pid, own));
    assert_true(memory_holds(courier_pid(c), other));
    assert_true(memory_holds(courier_of(c), other));
    assert_false(memory_holds(pid, other));
    courier_close(c);
    scripted_close(s);
}

/* ---- programs ---- */

static const char *script(const char *name, const char *text)
{
    static char path[200];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "#!/bin/sh\ncd %s || exit 9\n%s\n", folder, text);
    fclose(f);
    assert_int_equal(chmod(path, 0755), 0);
    return path;
}

static void reads_as(const char *name, const char *wanted)
{
    char path[200], text[2000] = "";
    FILE *f;
    size_t n;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "r");
    assert_non_null(f);
    n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = '\0';
    fclose(f);
    assert_string_equal(text, wanted);
}

static void a_command(void **state)
{
    struct courier *c = fork_one();
    struct alert_receiver one = { .kind = ALERT_COMMAND, .name = "command",
                                  .args = { script("page", "cat > got; echo \"$@\" > args; env | sort | grep -v "
                                                   "-e ^PWD -e ^OLDPWD -e ^SHLVL -e ^_= > env; ls /proc/self/fd | wc -l > fds"),
                                            "--to", "a b;$(id)" } };

    (void)state;
    setenv("TIKTOK_SECRET", "do not hand on", 1);
    begin(c, &one, 1);
    assert_int_equal(courier_send(c, 1, -1, &note), 0);
    expect(c, 1, 0, true, true, "it ended well");
    reads_as("got", "{\"kind\":\"fired\"}\n");
    reads_as("args", "--to a b;$(id)\n");
    reads_as("env", "CLICKBATON_ALERT=A001\nCLICKBATON_ALERT_KIND=fired\nLANG=C.UTF-8\n"
                    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
    reads_as("fds", "4\n"); /* its three, and the folder that ls reads */
    courier_close(c);
}

static void an_email(void **state)
{
    struct courier *c = fork_one();
    struct alert_receiver one = { .kind = ALERT_EMAIL, .name = "e-mail", .from = "baton@shop.example",
                                  .args = { script("sendmail", "cat > mail; echo \"$@\" > mailargs"), "a@b.example",
                                            "c@d.example" } };
    struct alert_note umlaut = note;

    (void)state;
    umlaut.subject = S("ALERT n\xc3\xa4");
    begin(c, &one, 1);
    assert_int_equal(courier_send(c, 1, -1, &umlaut), 0);
    expect(c, 1, 0, true, true, "it ended well");
    reads_as("mailargs", "-i -f baton@shop.example -- a@b.example c@d.example\n");
    reads_as("mail", "From: baton@shop.example\r\nTo: a@b.example,\r\n c@d.example\r\n"
                     "Subject: =?UTF-8?Q?ALERT=20n=C3=A4?=\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: 8bit\r\nAuto-Submitted: auto-generated\r\n\r\n"
                     "no Purchase\r\nsince \xc3\xa4 while\r\n.\r\nfirst: look\r\n");
    courier_close(c);
}

static void programs_that_fail(void **state)
{
    struct courier *c = fork_with(&quick);
    struct alert_receiver list[] = {
        { .kind = ALERT_COMMAND, .name = "missing", .args = { "/nonexistent/page" } },
        { .kind = ALERT_COMMAND, .name = "says no", .args = { "/bin/sh", "-c", "exit 3" } },
        { .kind = ALERT_COMMAND, .name = "dies", .args = { "/bin/sh", "-c", "kill -9 $$" } },
        { .kind = ALERT_COMMAND, .name = "never ends", .args = { "/bin/sh", "-c", "sleep 100 & echo $! > \"$0\"; sleep 100", NULL } },
        { .kind = ALERT_COMMAND, .name = "works", .args = { "/bin/true" } },
    };
    char path[200], text[20] = "";
    int64_t start = now_ms();
    bool seen[5] = { false };
    FILE *f;

    (void)state;
    snprintf(path, sizeof(path), "%s/child", folder);
    list[3].args[3] = path;
    begin(c, list, 5);
    assert_int_equal(courier_send(c, 1, -1, &note), 0);
    for (int n = 0; n < 9; n++) { /* four are tried twice */
        struct courier_result r = next(c);
        static const char *const why[] = { "could not be started", "exit status 3", "ended by signal 9", "took too long",
                                           "ended well" };
        assert_int_equal(r.id, 1);
        assert_true(r.receiver < 5 && strstr(r.why, why[r.receiver]) != NULL);
        assert_int_equal(r.done, r.receiver == 4);
        if (r.receiver == 4) /* the others do not hold it up */
            assert_true(now_ms() - start < 2000);
        seen[r.receiver] |= r.last;
    }
    for (int i = 0; i < 5; i++)
        assert_true(seen[i]);
    f = fopen(path, "r"); /* what it has started is gone with it */
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof(text), f));
    fclose(f);
    assert_gone(atoi(text));
    courier_close(c);
}

/* ---- its life ---- */

static void severe_only(void **state)
{
    struct courier *c = fork_one();
    struct alert_receiver list[] = { { .kind = ALERT_COMMAND, .name = "severe", .severe_only = true, .args = { "/bin/true" } },
                                     { .kind = ALERT_COMMAND, .name = "all", .args = { "/bin/true" } } };
    struct alert_note severe = note;
    unsigned first;

    (void)state;
    begin(c, list, 2);
    assert_int_equal(courier_send(c, 1, -1, &note), 0);
    expect(c, 1, 1, true, true, "");
    severe.severe = true;
    assert_int_equal(courier_send(c, 2, -1, &severe), 0);
    first = next(c).receiver;
    assert_int_equal(first + next(c).receiver, 1);
    courier_close(c);
}

static void the_minder_dies(void **state)
{
    struct courier *c = fork_one();
    struct alert_receiver one = { .kind = ALERT_COMMAND, .name = "true", .args = { "/bin/true" } };
    struct courier_result r;
    int courier;

    (void)state;
    begin(c, &one, 1);
    courier = courier_of(c);
    kill(courier_pid(c), SIGKILL);
    assert_int_equal(next(c).id, -2);
    assert_int_equal(courier_result(c, &r), -1);
    assert_int_equal(courier_send(c, 1, -1, &note), -1);
    assert_gone(courier);
    courier_close(c);
}

static unsigned chance(unsigned n)
{
    static uint64_t state;

    state = state ? state : seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 11) % n);
}

/* How often each message stands in the file that a receiver has written. */
static void count_messages(const char *name, unsigned *times, unsigned count)
{
    char path[200], line[80];
    unsigned n;
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        assert_int_equal(sscanf(line, "message %u.", &n), 1);
        assert_true(n >= 1 && n <= count);
        times[n]++;
    }
    fclose(f);
}

/* Twenty times at any moment of sixty deliveries to each of two: everybody gets everything, each is settled once. */
static void couriers_are_killed(void **state)
{
    const struct courier_settings s = { .timeout_ms = 10000, .retry_ms = 20, .tries = 2, .restart_ms = 2 };
    struct courier *c = fork_with(&s);
    struct alert_receiver list[] = { { .kind = ALERT_COMMAND, .name = "a", .args = { script("a", "cat >> a.out") } },
                                     { .kind = ALERT_COMMAND, .name = "b", .args = { NULL } } };
    enum { COUNT = 60, KILLS = 20 };
    unsigned settled[2][COUNT + 1] = { 0 }, got[2][COUNT + 1] = { 0 }, open = 2 * COUNT, sent = 0, kills = 0, again = 0, died;
    char path[200], json[40];
    int64_t end = now_ms() + 60000, next_kill = now_ms() + 5;
    struct courier_result r;

    (void)state;
    snprintf(path, sizeof(path), "%s", list[0].args[0]);
    list[0].args[0] = path;
    list[1].args[0] = script("b", "sleep 0.01; cat >> b.out");
    begin(c, list, 2);
    while ((open || courier_life(c).died < KILLS) && now_ms() < end) {
        struct alert_note n = note;
        if (sent < COUNT && sent < 3 * (kills + 1) && 2 * sent + open < 2 * COUNT + 30) { /* behind each death some */
            n.json = (struct slice){ json, (size_t)snprintf(json, sizeof(json), "message %u.\n", ++sent) };
            assert_int_equal(courier_send(c, sent, -1, &n), 0);
        }
        if (kills < KILLS && courier_life(c).died == kills && now_ms() >= next_kill) {
            kills += kill(courier_of(c), SIGKILL) == 0;
            next_kill = now_ms() + 1 + chance(40);
        }
        while (courier_result(c, &r) == 1) {
            assert_true(r.id >= 1 && r.id <= COUNT && r.receiver < 2);
            if (r.last) {
                settled[r.receiver][r.id]++;
                open--;
            }
            if (r.last && !r.done)
                fail_msg("message %lld: %s", (long long)r.id, r.why);
        }
        pause_ms(1);
    }
    assert_int_equal(courier_life(c).died, KILLS);
    assert_string_equal(courier_life(c).why, "it was ended by signal 9");
    died = courier_life(c).died;
    courier_close(c);
    count_messages("a.out", got[0], COUNT);
    count_messages("b.out", got[1], COUNT);
    for (unsigned i = 0; i < 2; i++)
        for (unsigned n = 1; n <= COUNT; n++) {
            if (settled[i][n] != 1 || got[i][n] < 1)
                fail_msg("receiver %u, message %u: settled %u times, got %u times", i, n, settled[i][n], got[i][n]);
            again += got[i][n] - 1;
        }
    printf("# seed %llu: %u couriers killed, %u of %u messages came twice\n", (unsigned long long)seed,
           died, again, 2 * COUNT);
}

/* One that dies at once is started later each time, and that is told; then it lives, and all is well. */
static void couriers_die_at_once(void **state)
{
    const struct courier_settings s = { .timeout_ms = 10000, .retry_ms = 20, .tries = 2, .restart_ms = 10 };
    struct courier *c = fork_with(&s);
    struct alert_receiver one = { .kind = ALERT_COMMAND, .name = "true", .args = { "/bin/true" } };
    int64_t start = now_ms(), end = start + 20000;
    struct courier_result r;

    (void)state;
    begin(c, &one, 1);
    for (unsigned n = 1; n <= 6; n++) {
        kill(courier_of(c), SIGKILL);
        while (courier_life(c).died < n && now_ms() < end) {
            assert_int_equal(courier_result(c, &r), 0);
            pause_ms(1);
        }
        assert_int_equal(courier_life(c).died, n);
        assert_int_equal(courier_life(c).in_a_row, n);
    }
    courier_of(c);
    assert_true(now_ms() - start >= 10 + 20 + 40 + 80 + 160 + 320);
    assert_int_equal(courier_send(c, 1, -1, &note), 0);
    expect(c, 1, 0, true, true, "ended well");
    while (courier_life(c).in_a_row && now_ms() < end) {
        assert_int_equal(courier_result(c, &r), 0);
        pause_ms(1);
    }
    assert_int_equal(courier_life(c).in_a_row, 0);
    assert_int_equal(courier_life(c).died, 6);
    courier_close(c);
}

/* A message that each courier dies of does not keep all others away for ever. */
static void a_message_that_kills(void **state)
{
    const struct courier_settings s = { .timeout_ms = 10000, .retry_ms = 20, .tries = 2, .restart_ms = 1 };
    struct courier *c = fork_with(&s);
    struct alert_receiver list[] = { { .kind = ALERT_COMMAND, .name = "sleeps", .args = { "/bin/sleep", "100" } },
                                     { .kind = ALERT_COMMAND, .name = "true", .args = { "/bin/true" } } };
    struct courier_result r = { 0 };
    int64_t end = now_ms() + 30000;
    int rc = 0;

    (void)state;
    begin(c, list, 2);
    assert_int_equal(courier_send(c, 1, 0, &note), 0);
    while (rc == 0 && now_ms() < end) {
        int pid = child_of(courier_pid(c));
        if (pid && child_of(pid)) /* it has begun with it */
            kill(pid, SIGKILL);
        rc = courier_result(c, &r);
        pause_ms(1);
    }
    assert_int_equal(rc, 1);
    assert_true(r.id == 1 && r.receiver == 0 && r.last && !r.done);
    assert_string_equal(r.why, "the process that delivers died 30 times with it: it was ended by signal 9");
    assert_int_equal(courier_send(c, 2, 1, &note), 0);
    expect(c, 2, 1, true, true, "ended well");
    courier_close(c);
}

/* What a dead courier's script has started does not go on beside the next one's. */
static void scripts_of_a_dead_courier(void **state)
{
    const struct courier_settings s = { .timeout_ms = 10000, .retry_ms = 20, .tries = 2, .restart_ms = 1 };
    struct courier *c = fork_with(&s);
    struct alert_receiver one = { .kind = ALERT_COMMAND, .name = "script",
                                  .args = { script("deep", "test -f deep.pid && exit 0; sleep 100 & echo $! > deep.new; "
                                                           "mv deep.new deep.pid; wait") } };
    char path[200], text[20] = "";
    FILE *f = NULL;

    (void)state;
    begin(c, &one, 1);
    assert_int_equal(courier_send(c, 1, -1, &note), 0);
    snprintf(path, sizeof(path), "%s/deep.pid", folder);
    for (int i = 0; i < 500 && !(f = fopen(path, "r")); i++)
        pause_ms(10);
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof(text), f));
    fclose(f);
    assert_false(is_gone(atoi(text)));
    kill(courier_of(c), SIGKILL);
    assert_gone(atoi(text));
    expect(c, 1, 0, true, true, "ended well");
    courier_close(c);
}

/* What waits has its first try before the end; what hangs is not waited for. */
static void the_end(void **state)
{
    struct courier *c = fork_one();
    struct alert_receiver list[] = { { .kind = ALERT_COMMAND, .name = "late", .args = { script("late", "sleep 0.1; echo here > late.out") } },
                                     { .kind = ALERT_COMMAND, .name = "hangs", .args = { "/bin/sh", "-c", "sleep 60" } } };
    int64_t start;

    (void)state;
    begin(c, list, 2);
    assert_int_equal(courier_send(c, 1, -1, &note), 0);
    start = now_ms();
    courier_close(c);
    assert_true(now_ms() - start < 1200);
    reads_as("late.out", "here\n");
}

/* Nobody is left of a server that was killed: neither minder nor courier, nor a delivery and what its script began. */
static void the_server_is_killed(void **state)
{
    struct alert_receiver one = { .kind = ALERT_COMMAND, .name = "script",
                                  .args = { script("left", "sleep 100 & echo $! > left.new; mv left.new left.pid; wait") } };
    int ends[2], pids[4] = { 0 }, status;
    char path[200], text[20] = "";
    pid_t server;
    FILE *f;

    (void)state;
    snprintf(path, sizeof(path), "%s/left.pid", folder);
    assert_int_equal(pipe(ends), 0);
    server = fork();
    if (server == 0) {
        struct courier *c = fork_one();
        begin(c, &one, 1);
        courier_send(c, 1, -1, &note);
        while (access(path, F_OK) != 0)
            pause_ms(5);
        pids[0] = courier_pid(c);
        pids[1] = child_of(pids[0]);
        pids[2] = child_of(pids[1]);
        pids[3] = child_of(pids[2]);
        if (write(ends[1], pids, sizeof(pids)) == (ssize_t)sizeof(pids))
            raise(SIGKILL);
        _exit(1);
    }
    assert_int_equal(read(ends[0], pids, sizeof(pids)), sizeof(pids));
    waitpid(server, &status, 0);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof(text), f));
    fclose(f);
    for (size_t i = 0; i < 4; i++) {
        assert_true(pids[i] > 0);
        assert_gone(pids[i]);
    }
    assert_gone(atoi(text));
    close(ends[0]);
    close(ends[1]);
}

/* Whoever has taken the server over can't have it run something else. */
static void receivers_are_said_once(void **state)
{
    struct courier *c = fork_one();
    struct alert_receiver first = { .kind = ALERT_COMMAND, .name = "first", .args = { "/bin/true" } };
    struct alert_receiver second = { .kind = ALERT_COMMAND, .name = "second", .args = { script("second", "echo > second.out") } };
    char path[200];

    (void)state;
    begin(c, &first, 1);
    begin(c, &second, 1);
    assert_int_equal(courier_send(c, 1, -1, &note), 0);
    expect(c, 1, 0, true, true, "ended well");
    assert_int_equal(courier_send(c, 2, 0, &note), 0);
    expect(c, 2, 0, true, true, "ended well");
    courier_close(c); /* by then a second one would have run */
    snprintf(path, sizeof(path), "%s/second.out", folder);
    assert_int_equal(access(path, F_OK), -1);
}

static void nobody_receives(void **state)
{
    struct courier *c = fork_one();
    int pid = courier_pid(c);
    struct courier_result r;

    (void)state;
    begin(c, NULL, 0);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(courier_send(c, 1, -1, &note), 0);
    assert_int_equal(courier_result(c, &r), 0);
    courier_close(c);
    courier_close(NULL);
}

static void addresses(void **state)
{
    static const struct {
        const char *text;
        bool url, mail;
    } rows[] = {
        { "https://hooks.example/x", true, false },
        { "http://127.0.0.1:8000/x", true, false },
        { "http://[::1]/", true, false },
        { "http://hooks.example/x", false, false },
        { "http://127.0.0.1.evil.example/", false, false },
        { "https://user:pass@hooks.example/", false, false },
        { "file:///etc/passwd", false, false },
        { "", false, false },
        { "a@b.example", false, true },
        { "-x@b.example", false, false },
        { "a@b.example\nBcc: c@d.example", false, false },
        { "a@b.example, c@d.example", false, false },
        { "a@b@c", false, false },
        { "a", false, false },
        { "@b", false, false },
    };
    char host[40];
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if ((alert_url_check(slice_from(rows[i].text), &err) == 0) != rows[i].url)
            fail_msg("%s as a URL", rows[i].text);
        if (alert_address_ok(slice_from(rows[i].text)) != rows[i].mail)
            fail_msg("%s as an address", rows[i].text);
    }
    assert_true(alert_url_host("https://hooks.example/x?secret", host, sizeof(host)));
    assert_string_equal(host, "hooks.example");
    assert_false(alert_url_host("::", host, sizeof(host)));
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[100];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(webhook_and_telegram),
        cmocka_unit_test(endpoints_that_fail),
        cmocka_unit_test(an_endpoint_that_is_down),
        cmocka_unit_test(secrets_of_others),
        cmocka_unit_test(a_command),
        cmocka_unit_test(an_email),
        cmocka_unit_test(programs_that_fail),
        cmocka_unit_test(severe_only),
        cmocka_unit_test(the_minder_dies),
        cmocka_unit_test(couriers_are_killed),
        cmocka_unit_test(couriers_die_at_once),
        cmocka_unit_test(a_message_that_kills),
        cmocka_unit_test(scripts_of_a_dead_courier),
        cmocka_unit_test(the_end),
        cmocka_unit_test(the_server_is_killed),
        cmocka_unit_test(receivers_are_said_once),
        cmocka_unit_test(nobody_receives),
        cmocka_unit_test(addresses),
    };

    if (argc > 1)
        seed = strtoull(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
