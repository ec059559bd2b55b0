/* trace.h: which way a packet would take. */
#ifndef STACK_TRACE_H
#define STACK_TRACE_H

struct wire_req;
struct wire_rep;

/* As WIRE_TRACE says; 0 or -errno. */
int trace_request(const struct wire_req *req, struct wire_rep *rep);

#endif
