#pragma once

/* Counts what the whole process allocates: malloc, calloc, realloc, posix_memalign and aligned_alloc of the executable
 * stand before the C library's, count, and pass the call on. */

/* Allocations since the start. */
long allocation_count(void);

/* Under valgrind's callgrind with --instr-atstart=no, instructions count from start_counting_instructions to
 * stop_counting_instructions, those of all threads; otherwise these do nothing. (callgrind's manual, client requests) */
void start_counting_instructions(void);
void stop_counting_instructions(void);

/* Allocates exactly 1000 times, 200 times by each function, to prove the counter. */
void allocate_thousand_times(void);
