/* program.c: a command, or sendmail, in this process: it is replaced by the program, which gets the message on its
 * standard input.  Arguments are those of the configuration; the environment is a few fixed names. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/alert/receiver.h"
#include "core/base/buf.h"

bool alert_address_ok(struct slice a)
{
    size_t at = slice_index(a, '@');

    if (a.len > 254 || at == 0 || at + 1 >= a.len || a.ptr[0] == '-')
        return false;
    for (size_t i = 0; i < a.len; i++)
        if ((unsigned char)a.ptr[i] <= ' ' || (unsigned char)a.ptr[i] >= 0x7f || strchr("<>,;:\"\\()[]", a.ptr[i]) ||
            (a.ptr[i] == '@' && i != at))
            return false;
    return true;
}

/* A subject with other letters than ASCII: words of RFC 2047, of at most 75 characters each. */
static void put_subject(struct buf *out, struct slice subject)
{
    static const char digits[] = "0123456789ABCDEF";
    bool plain = true;
    size_t used = 0;

    for (size_t i = 0; i < subject.len; i++)
        plain &= subject.ptr[i] >= ' ' && subject.ptr[i] < 0x7f;
    if (plain) {
        buf_add(out, slice_head(subject, 200));
        return;
    }
    buf_puts(out, "=?UTF-8?Q?");
    for (size_t i = 0; i < subject.len && i < 200; i++) {
        unsigned char c = (unsigned char)subject.ptr[i];
        if (used > 40 && (c & 0xc0) != 0x80) {
            buf_puts(out, "?=\r\n =?UTF-8?Q?");
            used = 0;
        }
        if (isalnum(c) && c < 0x80)
            buf_byte(out, (char)c);
        else
            buf_printf(out, "=%c%c", digits[c >> 4], digits[c & 15]);
        used += isalnum(c) && c < 0x80 ? 1 : 3;
    }
    buf_puts(out, "?=");
}

/* Recipients stand in the arguments, and here for people.  Addresses were checked when they were read. */
static void mail(struct buf *out, const struct alert_receiver *r, const struct alert_note *note)
{
    buf_printf(out, "From: %s\r\nTo: ", r->from);
    for (size_t i = 1; r->args[i]; i++)
        buf_printf(out, "%s%s", i > 1 ? ",\r\n " : "", r->args[i]);
    buf_puts(out, "\r\nSubject: ");
    put_subject(out, note->subject);
    buf_puts(out, "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                  "Content-Transfer-Encoding: 8bit\r\nAuto-Submitted: auto-generated\r\n\r\n");
    for (size_t i = 0; i < note->text.len; i++) {
        if (note->text.ptr[i] == '\n')
            buf_byte(out, '\r');
        buf_byte(out, note->text.ptr[i]);
    }
}

/* In the child: never returns.  Everything but the pipe goes to /dev/null. */
static void become(const struct alert_receiver *r, const struct alert_note *note, int from)
{
    static const char *const sendmail[] = { "-i", "-f" };
    const char *argv[ALERT_ARGS_MAX + 6];
    char code[40], kind[40];
    char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", lang[] = "LANG=C.UTF-8";
    char *env[] = { path, lang, code, kind, NULL };
    int null = open("/dev/null", O_RDWR);
    size_t n = 0, i = 0;
    sigset_t none;

    snprintf(code, sizeof(code), "CLICKBATON_ALERT=%.8s", note->code);
    snprintf(kind, sizeof(kind), "CLICKBATON_ALERT_KIND=%.12s", note->kind);
    argv[n++] = r->args[i++];
    if (r->kind == ALERT_EMAIL) {
        argv[n++] = sendmail[0];
        argv[n++] = sendmail[1];
        argv[n++] = r->from;
        argv[n++] = "--";
    }
    while (r->args[i])
        argv[n++] = r->args[i++];
    argv[n] = NULL;
    if (dup2(from, 0) == -1 || dup2(null, 1) == -1 || dup2(null, 2) == -1)
        _exit(126);
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int s = 1; s < 32; s++)
        signal(s, SIG_DFL);
    execve(argv[0], (char *const *)(void *)argv, env);
    _exit(127);
}

static void give(int to, struct slice text)
{
    while (text.len) {
        ssize_t n = write(to, text.ptr, text.len);
        if (n <= 0 && errno != EINTR)
            return; /* it does not read: its exit status says what it thinks */
        if (n > 0)
            text = slice_from_at(text, (size_t)n);
    }
}

/* Its group is ours to end: the courier kills it when the time is over (deliver.c). */
enum alert_result alert_program(const struct alert_receiver *r, const struct alert_note *note,
                                char why[ALERT_REASON])
{
    struct buf message = { .limit = 1 << 20 };
    int ends[2], status = 0;
    pid_t child;

    if (r->kind == ALERT_EMAIL)
        mail(&message, r, note);
    else
        buf_add(&message, note->json);
    if (!buf_ok(&message) || pipe(ends) != 0) {
        snprintf(why, ALERT_REASON, "out of memory or files");
        buf_free(&message);
        return ALERT_AGAIN;
    }
    signal(SIGPIPE, SIG_IGN);
    child = fork();
    if (child == 0) {
        close(ends[1]);
        become(r, note, ends[0]);
    }
    close(ends[0]);
    if (child > 0)
        give(ends[1], buf_slice(&message));
    close(ends[1]);
    buf_free(&message);
    if (child == -1 || waitpid(child, &status, 0) != child) {
        snprintf(why, ALERT_REASON, "it could not be started: %s", strerror(errno));
        return ALERT_AGAIN;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        snprintf(why, ALERT_REASON, "it ended well");
        return ALERT_DONE;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        snprintf(why, ALERT_REASON, "it could not be started: is the path right, and the file executable?");
    else if (WIFEXITED(status))
        snprintf(why, ALERT_REASON, "it ended with exit status %d", WEXITSTATUS(status));
    else
        snprintf(why, ALERT_REASON, "it was ended by signal %d", WTERMSIG(status));
    return ALERT_AGAIN;
}

enum alert_result alert_deliver(const struct alert_receiver *r, const struct alert_note *note,
                                unsigned timeout_ms, char why[ALERT_REASON])
{
    if (r->kind == ALERT_WEBHOOK || r->kind == ALERT_TELEGRAM)
        return alert_post(r, note, timeout_ms, why);
    return alert_program(r, note, why);
}
