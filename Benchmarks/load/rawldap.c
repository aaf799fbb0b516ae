/* The raw limit: what libldap's asynchronous calls reach on one epoll thread without HTTP, tokens or a store.
 *
 *   rawldap MODE URI BASE SERVICE_DN SERVICE_PASSWORD PEOPLE IN_FLIGHT SECONDS
 *
 * MODE is "search-bind" (what a login with a cold DN cache asks of the directory) or "bind" (a warm one). People are
 * uid=user000001…; the password is the uid. Prints one JSON object. */
#include <errno.h>
#include <fcntl.h>
#include <ldap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

enum { SERVICE_CONNECTIONS = 2, MAX_IN_FLIGHT = 1024 };

struct slot {
    LDAP *bind;   /* its own bind connection */
    int search;   /* message id of the search in flight on its service connection, or -1 */
    char dn[256];
    char uid[32];
    double began;
};

static struct slot slots[MAX_IN_FLIGHT];
static LDAP *services[SERVICE_CONNECTIONS];
static const char *base;
static int people, in_flight, searching;
static long done, wrong;
static double *latencies;
static long latency_count, latency_room;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void die(const char *what, int code) {
    fprintf(stderr, "rawldap: %s: %s\n", what, ldap_err2string(code));
    exit(1);
}

static LDAP *dial(const char *uri, const char *dn, const char *password) {
    LDAP *ld;
    int code = ldap_initialize(&ld, uri), version = 3;
    if (code != LDAP_SUCCESS) die("initialize", code);
    ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version);
    ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
    struct berval secret = {strlen(password), (char *)password};
    code = ldap_sasl_bind_s(ld, dn, LDAP_SASL_SIMPLE, &secret, NULL, NULL, NULL);
    if (code != LDAP_SUCCESS) die("service bind", code);
    int fd;
    ldap_get_option(ld, LDAP_OPT_DESC, &fd);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return ld;
}

static void start_bind(struct slot *slot) {
    int id;
    struct berval secret = {strlen(slot->uid), slot->uid};
    int code = ldap_sasl_bind(slot->bind, slot->dn, LDAP_SASL_SIMPLE, &secret, NULL, NULL, &id);
    if (code != LDAP_SUCCESS) die("bind", code);
}

static void start(struct slot *slot) {
    static char *attributes[] = {"entryUUID", "uid", "givenName", "sn", "displayName", "mail", NULL};
    snprintf(slot->uid, sizeof slot->uid, "user%06d", 1 + (int)(random() % people));
    slot->began = now();
    if (!searching) {
        snprintf(slot->dn, sizeof slot->dn, "uid=%s,%s", slot->uid, base);
        start_bind(slot);
        return;
    }
    char filter[128];
    snprintf(filter, sizeof filter, "(&(objectClass=person)(uid=%s))", slot->uid);
    int code = ldap_search_ext(services[(slot - slots) % SERVICE_CONNECTIONS], base, LDAP_SCOPE_SUBTREE, filter, attributes, 0,
                               NULL, NULL, NULL, 2, &slot->search);
    if (code != LDAP_SUCCESS) die("search", code);
}

static void finish(struct slot *slot, int code) {
    if (code != LDAP_SUCCESS) wrong++;
    done++;
    if (latency_count < latency_room) latencies[latency_count++] = now() - slot->began;
    start(slot);
}

static void drain_service(LDAP *ld) {
    struct timeval none = {0, 0};
    LDAPMessage *message;
    while (ldap_result(ld, LDAP_RES_ANY, LDAP_MSG_ONE, &none, &message) > 0) {
        int id = ldap_msgid(message);
        struct slot *slot = NULL;
        for (int i = 0; i < in_flight; i++)
            if (slots[i].search == id && services[i % SERVICE_CONNECTIONS] == ld) slot = &slots[i];
        if (slot && ldap_msgtype(message) == LDAP_RES_SEARCH_ENTRY) {
            char *dn = ldap_get_dn(ld, message);
            snprintf(slot->dn, sizeof slot->dn, "%s", dn);
            ldap_memfree(dn);
        } else if (slot && ldap_msgtype(message) == LDAP_RES_SEARCH_RESULT) {
            slot->search = -1;
            start_bind(slot);
        }
        ldap_msgfree(message);
    }
}

static void drain_bind(struct slot *slot) {
    struct timeval none = {0, 0};
    LDAPMessage *message;
    int got = ldap_result(slot->bind, LDAP_RES_ANY, LDAP_MSG_ONE, &none, &message);
    if (got < 0) die("result", LDAP_SERVER_DOWN);
    if (got == 0) return;
    int code = 0;
    ldap_parse_result(slot->bind, message, &code, NULL, NULL, NULL, NULL, 1);
    finish(slot, code);
}

static void watch(int poller, LDAP *ld, void *data) {
    int fd;
    ldap_get_option(ld, LDAP_OPT_DESC, &fd);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

static int by_value(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return difference < 0 ? -1 : difference > 0;
}

static double percentile(double part) {
    return latency_count ? latencies[(long)((latency_count - 1) * part / 100)] * 1e3 : 0;
}

int main(int count, char **arguments) {
    if (count != 9) {
        fprintf(stderr, "usage: rawldap search-bind|bind URI BASE SERVICE_DN SERVICE_PASSWORD PEOPLE IN_FLIGHT SECONDS\n");
        return 2;
    }
    searching = strcmp(arguments[1], "search-bind") == 0;
    base = arguments[3];
    people = atoi(arguments[6]);
    in_flight = atoi(arguments[7]);
    double seconds = atof(arguments[8]);
    if (people < 1 || in_flight < 1 || in_flight > MAX_IN_FLIGHT || seconds <= 0 || seconds > 600) return 2;
    latency_room = 4000000;
    latencies = malloc(latency_room * sizeof *latencies);
    int poller = epoll_create1(0);
    for (int i = 0; i < SERVICE_CONNECTIONS; i++) {
        services[i] = dial(arguments[2], arguments[4], arguments[5]);
        watch(poller, services[i], services[i]);
    }
    for (int i = 0; i < in_flight; i++) {
        slots[i].search = -1;
        slots[i].bind = dial(arguments[2], arguments[4], arguments[5]);
        watch(poller, slots[i].bind, &slots[i]);
    }
    double began = now(), end = began + seconds;
    for (int i = 0; i < in_flight; i++) start(&slots[i]);
    while (now() < end) {
        struct epoll_event events[64];
        int ready = epoll_wait(poller, events, 64, 100);
        for (int i = 0; i < ready; i++) {
            void *data = events[i].data.ptr;
            if (data == services[0] || data == services[1]) drain_service(data);
            else drain_bind(data);
        }
    }
    double took = now() - began;
    qsort(latencies, latency_count, sizeof *latencies, by_value);
    printf("{\"mode\":\"%s\",\"rate\":%.0f,\"done\":%ld,\"errors\":%ld,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f}\n",
           arguments[1], done / took, done, wrong, percentile(50), percentile(99), percentile(99.9));
    return 0;
}
