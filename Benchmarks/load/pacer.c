/* Logins at a fixed rate over kept connections, whatever the answers take.
 *
 *   pacer PORT RATE TOTAL CONNECTIONS PEOPLE DIRECTORY
 *
 * A closed loop asks less of a slow server; this one does not wait. Each latency runs from the moment the request was due,
 * so that one that waited for a free connection counts with its wait. RATE 0 sends each as soon as a connection is free.
 * Prints one JSON object. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 1024, ROOM = 32768, GRACE_SECONDS = 15 };

struct connection {
    int fd;
    int busy;
    double due;
    size_t have;
    char answer[ROOM + 1];
};

static struct connection connections[MAX_CONNECTIONS];
static int *free_ones, free_count, port, people, poller;
static const char *directory;
static long sent, done, errors, statuses;
static double *latencies;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void dial(struct connection *one) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    one->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (one->fd < 0 || connect(one->fd, (struct sockaddr *)&address, sizeof address) != 0) {
        perror("pacer: connect");
        exit(1);
    }
    setsockopt(one->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(one->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = one};
    epoll_ctl(poller, EPOLL_CTL_ADD, one->fd, &event);
}

static void finish(struct connection *one, int status) {
    if (status == 200) latencies[done++] = now() - one->due;
    else if (status) statuses++;
    else errors++;
    one->busy = 0;
    one->have = 0;
    free_ones[free_count++] = (int)(one - connections);
}

static void ask(double due) {
    struct connection *one = &connections[free_ones[--free_count]];
    char body[160], request[512];
    int user = 1 + (int)(random() % people);
    int length = snprintf(body, sizeof body, "Grant_type=password&UserName=user%06d&Password=user%06d&LDAPServerId=%s", user, user, directory);
    length = snprintf(request, sizeof request,
                      "POST /token HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                      "Content-Length: %d\r\n\r\n%s", port, length, body);
    one->busy = 1;
    one->due = due;
    sent++;
    // So few octets go at once, or the connection is gone, and then reading says so.
    if (send(one->fd, request, length, MSG_NOSIGNAL) != length && errno != EPIPE && errno != ECONNRESET) finish(one, 0);
}

/* The status of a whole answer, 0 while it is not whole, -1 when it is none. */
static int whole(struct connection *one) {
    one->answer[one->have] = 0;
    char *end = strstr(one->answer, "\r\n\r\n"), *length = strcasestr(one->answer, "\r\ncontent-length:");
    if (!end) return one->have == ROOM ? -1 : 0;
    if (!length || length > end) return -1;
    size_t total = end + 4 - one->answer + strtoul(length + 17, NULL, 10);
    if (total > ROOM) return -1;
    return one->have >= total ? atoi(one->answer + 9) : 0;
}

static void read_answer(struct connection *one) {
    ssize_t got = read(one->fd, one->answer + one->have, ROOM - one->have);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    int status = 0;
    if (got > 0) {
        one->have += got;
        status = one->busy ? whole(one) : -1;
        if (!status) return;
    }
    if (got <= 0 || status < 0) {
        close(one->fd);
        dial(one);
        if (one->busy) finish(one, 0);
        return;
    }
    finish(one, status);
}

static int by_value(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return difference < 0 ? -1 : difference > 0;
}

static double percentile(double part) { return done ? latencies[(long)((done - 1) * part / 100)] * 1e3 : 0; }

int main(int count, char **arguments) {
    if (count != 7) {
        fprintf(stderr, "usage: pacer PORT RATE TOTAL CONNECTIONS PEOPLE DIRECTORY\n");
        return 2;
    }
    port = atoi(arguments[1]);
    double rate = atof(arguments[2]);
    long total = atol(arguments[3]);
    int wanted = atoi(arguments[4]);
    people = atoi(arguments[5]);
    directory = arguments[6];
    if (rate < 0 || total < 1 || total > 10000000 || wanted < 1 || wanted > MAX_CONNECTIONS || people < 1) return 2;
    latencies = malloc(total * sizeof *latencies);
    free_ones = malloc(wanted * sizeof *free_ones);
    if (!latencies || !free_ones) return 1;
    srandom(getpid() ^ time(NULL));
    poller = epoll_create1(0);
    for (int i = 0; i < wanted; i++) {
        dial(&connections[i]);
        free_ones[free_count++] = i;
    }
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    if (rate > 0) {
        long each = (long)(1e9 / rate);
        struct itimerspec every = {{each / 1000000000, each % 1000000000}, {each / 1000000000, each % 1000000000}};
        timerfd_settime(timer, 0, &every, NULL);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
        epoll_ctl(poller, EPOLL_CTL_ADD, timer, &event);
    }
    double began = now(), latest = began + (rate > 0 ? total / rate : 600) + GRACE_SECONDS;
    while (done + errors + statuses < total && now() < latest) {
        while (sent < total && free_count > 0) {
            double due = rate > 0 ? began + sent / rate : now();
            if (due > now()) break;
            ask(due);
        }
        struct epoll_event events[64];
        int ready = epoll_wait(poller, events, 64, 100);
        for (int i = 0; i < ready; i++) {
            unsigned long long ticks;
            if (events[i].data.ptr) read_answer(events[i].data.ptr);
            else if (read(timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN) return 1;
        }
    }
    double took = now() - began;
    qsort(latencies, done, sizeof *latencies, by_value);
    printf("{\"asked\":%ld,\"done\":%ld,\"errors\":%ld,\"status_errors\":%ld,\"rate\":%.1f,"
           "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f}\n",
           total, done, total - done - statuses, statuses, done / took, percentile(50), percentile(99), percentile(99.9));
    return 0;
}
