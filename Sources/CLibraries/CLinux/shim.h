// epoll_event is a packed struct with a union inside, and some constants are casts: thin wrappers are easier to
// check than what Swift makes of them. See epoll_ctl(2), epoll_wait(2), eventfd(2).
#ifndef LDAPAUTHD_CLINUX_SHIM_H
#define LDAPAUTHD_CLINUX_SHIM_H

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

static inline int clinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static inline int clinux_epoll_set(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(epoll, operation, fd, &event);
}

// Waits and unpacks: the n-th event's mask and token go to masks[n] and tokens[n]; count is at most 64.
static inline int clinux_epoll_wait(int epoll, uint32_t *masks, uint64_t *tokens, int count, int milliseconds) {
    struct epoll_event events[64];
    int n = epoll_wait(epoll, events, count > 64 ? 64 : count, milliseconds);
    for (int i = 0; i < n; i++) {
        masks[i] = events[i].events;
        tokens[i] = events[i].data.u64;
    }
    return n;
}

// prctl(2) is variadic; a name longer than 15 bytes is cut.
static inline void clinux_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

// PR_SET_DUMPABLE of prctl(2): no core file, and no ptrace(2) by the same user, for a process that holds passwords.
static inline int clinux_forbid_core_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

static const uint32_t clinux_EPOLLET = (uint32_t)EPOLLET;
#endif
