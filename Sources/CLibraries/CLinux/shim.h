// epoll_event is a packed struct with a union inside, and some constants are casts: thin wrappers are easier to
// check than what Swift makes of them. See epoll_ctl(2), epoll_wait(2), eventfd(2).
#ifndef LDAPAUTHD_CLINUX_SHIM_H
#define LDAPAUTHD_CLINUX_SHIM_H

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

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

// The eventfd that clinux_trap_stop made, for its handler.
static int clinux_stop_event = -1;

static inline void clinux_note_stop(int signal) {
    int failure = errno;
    uint64_t one = 1;
    // write(2) is one of the few calls a handler may make (signal-safety(7)); it fails only when nobody has read for 2^64 signals.
    if (write(clinux_stop_event, &one, sizeof one) < 0) { }
    errno = failure;
    (void)signal;
}

// Turns SIGTERM and SIGINT into readability of the descriptor it returns; -1 on failure.
static inline int clinux_trap_stop(void) {
    clinux_stop_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (clinux_stop_event < 0) return -1;
    struct sigaction action = {.sa_handler = clinux_note_stop, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGTERM, &action, 0) != 0 || sigaction(SIGINT, &action, 0) != 0) return -1;
    return clinux_stop_event;
}

// One question of class IN to the name servers of resolv.conf(5), which is read each time, or to 127.0.0.1 at `port` when
// that is not 0. Blocks for as long as resolver(3) does. Returns the length of the answer, or -1 with *failure set to
// h_errno (HOST_NOT_FOUND, NO_DATA, TRY_AGAIN, NO_RECOVERY).
static inline int clinux_dns_query(const char *name, int type, uint16_t port, uint8_t *answer, int size, int *failure) {
    struct __res_state state;
    memset(&state, 0, sizeof state);
    if (res_ninit(&state) != 0) {
        *failure = NO_RECOVERY;
        return -1;
    }
    if (port != 0) {
        state.nscount = 1;
        state.nsaddr_list[0].sin_family = AF_INET;
        state.nsaddr_list[0].sin_port = htons(port);
        state.nsaddr_list[0].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        state._u._ext.nsaddrs[0] = NULL;
        state.retrans = 1;
        state.retry = 1;
    }
    int length = res_nquery(&state, name, ns_c_in, type, answer, size);
    *failure = length < 0 ? state.res_h_errno : 0;
    res_nclose(&state);
    return length > size ? size : length;
}

static const uint32_t clinux_EPOLLET = (uint32_t)EPOLLET;
#endif
