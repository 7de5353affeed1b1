/* log.h: one line per happening on stderr: time, level, key=value.  Never secrets, never personal
 * data. */
#ifndef CLI_SERVE_LOG_H
#define CLI_SERVE_LOG_H

void log_line(const char *level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
