/* faults.h: misbehaviour on demand, decided by dice that a seed makes repeatable. */
#ifndef ADAPTERS_TIKTOK_SANDBOX_FAULTS_H
#define ADAPTERS_TIKTOK_SANDBOX_FAULTS_H

#include "core/base/err.h"
#include "core/base/slice.h"

#define FAULTS_MAX 32

enum fault_kind {
    FAULT_STATUS, /* number, as a proxy's HTML page */
    FAULT_CODE,   /* number, in a 200 body */
    FAULT_STALL,  /* number seconds */
    FAULT_RESET,
    FAULT_GARBAGE,
    FAULT_HTML,
    FAULT_CUT,
};

struct fault {
    enum fault_kind kind;
    bool after; /* the request is carried out first */
    unsigned number;
    unsigned retry_after; /* for 429; 0: no header */
    uint32_t chance;      /* millionths */
    uint64_t first, left; /* of the requests that reach it; first 0: all */
    uint64_t hits;
    char label[32]; /* "429=5", for counts and logs */
};

struct sandbox_faults {
    struct fault rules[FAULTS_MAX];
    size_t count;
    uint64_t seed, dice;
};

/* spec: NULL for none, or NAME[=ARGUMENT][:PROBABILITY],...; first=N: may stand in front. */
int sandbox_faults_parse(struct sandbox_faults *f, const char *spec, uint64_t seed,
                         struct err *err);

/* As after parsing: counts and dice from the start. */
void sandbox_faults_reset(struct sandbox_faults *f);

/* The fault for the next request, counted; NULL for none. */
const struct fault *sandbox_faults_pick(struct sandbox_faults *f);

#endif
