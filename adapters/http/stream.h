/* stream.h: an answer that goes on: server-sent events (HTML Standard, section 9.2).
 *
 * Any thread writes into a stream's own bounded buffer and goes on at once; the server's thread hands it
 * to the reader as fast as he takes it.  A reader who does not take it is cut: when his buffer is full,
 * or when something has waited in it for HTTP_STREAM_PATIENCE_S.  Nobody else waits for him. */
#ifndef ADAPTERS_HTTP_STREAM_H
#define ADAPTERS_HTTP_STREAM_H

#include "adapters/http/server.h"

#define HTTP_STREAM_PATIENCE_S 20

struct http_stream;

/* Answer 200 with a stream (not to a HEAD).  room: bytes that may wait for the reader.  The handle is the
 * caller's until http_stream_end.  NULL: as many streams as limits.streams are there, the server is
 * ending, or there is no memory; the request is not answered then. */
struct http_stream *http_stream_open(struct http_request *req, const struct http_header *headers,
                                     size_t room);

/* All of bytes or, when they have no room, none: then the reader is cut.  0.  -1: he is gone. */
int http_stream_send(struct http_stream *s, struct slice bytes);

/* Nothing more comes; what was sent goes out (a closing server waits for that two seconds).  The handle is gone.
 * Accepts NULL. */
void http_stream_end(struct http_stream *s);

#endif
