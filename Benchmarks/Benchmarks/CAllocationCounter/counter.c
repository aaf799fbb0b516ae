#include "CAllocationCounter.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <valgrind/callgrind.h>

/* glibc exports its own functions under these names, so that no dlsym, which may allocate itself, is needed. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static atomic_long allocations;

static void count(void) { atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed); }

long allocation_count(void) { return atomic_load_explicit(&allocations, memory_order_relaxed); }

void *malloc(size_t size) {
    count();
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count();
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    count();
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    /* posix_memalign(3): a power of two and a multiple of sizeof(void *). */
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) return EINVAL;
    count();
    void *memory = __libc_memalign(alignment, size);
    if (memory == NULL) return ENOMEM;
    *result = memory;
    return 0;
}

void start_counting_instructions(void) { CALLGRIND_START_INSTRUMENTATION; }

void stop_counting_instructions(void) { CALLGRIND_STOP_INSTRUMENTATION; }

/* Volatile, because a compiler may drop an allocation that nobody looks at. */
static void *volatile kept;

static void release(void) { free(kept); }

void allocate_thousand_times(void) {
    for (int turn = 0; turn < 200; turn++) {
        kept = malloc(64);
        kept = realloc(kept, 4096);
        release();
        kept = calloc(4, 16);
        release();
        kept = aligned_alloc(64, 128);
        release();
        void *memory = NULL;
        if (posix_memalign(&memory, 64, 128) != 0) abort();
        kept = memory;
        release();
    }
}
