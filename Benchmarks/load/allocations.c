/* Counts the allocations and the fdatasync(2)s of any program: LD_PRELOAD this, and name a file of 16 octets in
 * ALLOCATIONS_FILE; the two counts stand in it while the program runs.
 *
 * With -DPROOF it is a program that allocates exactly 1000 times and syncs exactly ten times between two reads of that
 * file, and prints by how much the counts rose: the counter is proved before anything it says is believed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ALLOCATIONS, SYNCS, COUNTS };

#ifndef PROOF
/* glibc exports its own functions under these names, so that no dlsym, which may allocate itself, is needed. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static atomic_long before_there_is_a_file[COUNTS];
static atomic_long *counts = before_there_is_a_file;

__attribute__((constructor)) static void open_file(void) {
    const char *path = getenv("ALLOCATIONS_FILE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *page = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(atomic_long) * COUNTS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
        perror("allocations: ALLOCATIONS_FILE");
        _exit(127);
    }
    close(fd);
    counts = page;
}

static void count(int what) { atomic_fetch_add_explicit(&counts[what], 1, memory_order_relaxed); }

void *malloc(size_t size) {
    count(ALLOCATIONS);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(ALLOCATIONS);
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    count(ALLOCATIONS);
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count(ALLOCATIONS);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    /* posix_memalign(3): a power of two and a multiple of sizeof(void *). */
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) return EINVAL;
    count(ALLOCATIONS);
    void *memory = __libc_memalign(alignment, size);
    if (memory == NULL) return ENOMEM;
    *result = memory;
    return 0;
}

int fdatasync(int fd) {
    count(SYNCS);
    return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd) {
    count(SYNCS);
    return (int)syscall(SYS_fsync, fd);
}
#else
static void read_counts(int fd, long *into) {
    if (pread(fd, into, sizeof(long) * COUNTS, 0) != (ssize_t)(sizeof(long) * COUNTS)) exit(1);
}

int main(void) {
    const char *path = getenv("ALLOCATIONS_FILE");
    int fd = path ? open(path, O_RDONLY) : -1, scratch = open(".", O_TMPFILE | O_RDWR, 0600);
    long before[COUNTS], after[COUNTS];
    /* Volatile, because a compiler may drop an allocation that nobody looks at. */
    void *volatile kept;
    if (fd < 0 || scratch < 0) return 1;
    read_counts(fd, before);
    for (int turn = 0; turn < 200; turn++) {
        kept = malloc(64);
        kept = realloc(kept, 4096);
        free(kept);
        kept = calloc(4, 16);
        free(kept);
        kept = aligned_alloc(64, 128);
        free(kept);
        void *memory = NULL;
        if (posix_memalign(&memory, 64, 128) != 0) return 1;
        free(memory);
    }
    for (int turn = 0; turn < 5; turn++)
        if (fdatasync(scratch) != 0 || fsync(scratch) != 0) return 1;
    read_counts(fd, after);
    printf("%ld %ld\n", after[ALLOCATIONS] - before[ALLOCATIONS], after[SYNCS] - before[SYNCS]);
    return 0;
}
#endif
