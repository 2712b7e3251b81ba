// SPDX-License-Identifier: Apache-2.0
// Torture: a piece of work is done again and again, and each time another allocation of it fails, until a round comes
// in which none was left to fail. Each round has to end well: with the right result, or with a clean refusal, and with
// nothing left behind.
//
// How: the linker sends the calls that our own objects make (--wrap, see cmake/tests.cmake) to torture.c. So product
// code is as it is shipped. Libraries keep their allocations: that OpenSSL or libuv run out of memory is not shown
// here; expat and libcurl take theirs from functions of ours, and so are tortured along. Calls of all threads count, as
// some work is done in libuv's pool.
//
// A row is done once with nothing failing, then twice with each n: the n-th allocation alone fails (what goes on after
// it must not take half for whole), and all from the n-th on (what cleans up must not need memory). After each round
// are compared: blocks, mapped bytes and descriptors that are held. What was given back must hold no secret (see
// tests/canary.h). After each row LeakSanitizer looks for what the libraries hold for us.
#ifndef TESTS_TORTURE_TORTURE_H
#define TESTS_TORTURE_TORTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/mem/length.h"
#include "sidecar/base/error.h"

struct torture_row {
        const char *name;
        // Sets up, torture_begin(), works, torture_end(), checks the outcome, uses the object once more where it lives
        // on, and takes it all down. True: the work was done, and the result is whole and right. False: it was refused,
        // with an error that torture_is_refusal() accepts where there is one.
        bool (*round)(const void *arg);
        const void *arg;
        // Some failure is made up for by design (say by which): success with a failed allocation is no fault then.
        bool survives;
};

// Runs the rows as tests of one program; what main() returns.
int torture_main(const struct torture_row *rows, size_t count);

// Between these two allocations fail. What stands outside is the test's own.
void torture_begin(void);
void torture_end(void);
bool torture_is_on(void); // for what is called from within and is to be spared: ends it, and begins it again

// Whether an allocation has failed in this round.
bool torture_has_struck(void);

// The row fails unless `e` says that memory ran out: ERROR_INTERNAL, with words. Returns false, so that a round may
// end with `return torture_refused(&e)`.
bool torture_refused(const struct error *e);

// From now on read() and recv() of our own objects, in turn, are interrupted (EINTR) and give one byte.
void torture_short_reads(bool on);

#endif
