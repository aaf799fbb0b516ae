#pragma once

/* Counts what the whole process allocates: malloc, calloc, realloc, posix_memalign and aligned_alloc of the executable
 * stand before the C library's, count, and pass the call on. */

/* Allocations since the start. */
long allocation_count(void);

/* Allocates exactly 1000 times, 200 times by each function, to prove the counter. */
void allocate_thousand_times(void);
