// What Swift cannot import of libldap: macros that cast, and ldap_set_option(3)'s untyped argument.
#ifndef LDAPAUTHD_CLDAP_SHIM_H
#define LDAPAUTHD_CLDAP_SHIM_H

#include <ldap.h>
#include <sys/time.h>
#include <openldap.h>

static const int cldap_TLS1_2 = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2;
static const int cldap_TLS1_3 = LDAP_OPT_X_TLS_PROTOCOL_TLS1_3;

static inline int cldap_set_integer(LDAP *ld, int option, int value) { return ldap_set_option(ld, option, &value); }

static inline int cldap_set_switch(LDAP *ld, int option, int on) {
    return ldap_set_option(ld, option, on ? LDAP_OPT_ON : LDAP_OPT_OFF);
}

static inline int cldap_set_text(LDAP *ld, int option, const char *value) { return ldap_set_option(ld, option, value); }

// A NULL timeval is "none" (ldap_set_option(3), LDAP_OPT_NETWORK_TIMEOUT, LDAP_OPT_TIMEOUT).
static inline int cldap_clear_timeouts(LDAP *ld) {
    struct timeval none = {-1, 0};
    int first = ldap_set_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &none);
    int second = ldap_set_option(ld, LDAP_OPT_TIMEOUT, &none);
    return first ? first : second;
}

// Whether libldap's TLS is GnuTLS: it takes the versions from a priority string and ignores LDAP_OPT_X_TLS_PROTOCOL_MIN.
static inline int cldap_uses_gnutls(void) {
    char *name = NULL;
    if (ldap_get_option(NULL, LDAP_OPT_X_TLS_PACKAGE, &name) != LDAP_OPT_SUCCESS || !name) return 0;
    int found = name[0] == 'G' && name[1] == 'n' && name[2] == 'u';
    ldap_memfree(name);
    return found;
}

// The code of the last call on the handle (LDAP_OPT_RESULT_CODE).
static inline int cldap_last_code(LDAP *ld) {
    int code = LDAP_OTHER;
    ldap_get_option(ld, LDAP_OPT_RESULT_CODE, &code);
    return code;
}

// The largest message that is read; a longer one breaks the connection before memory is taken for it (lber_sockbuf(3)).
static inline int cldap_set_max_incoming(LDAP *ld, ber_len_t bytes) {
    Sockbuf *sockbuf = NULL;
    if (ldap_get_option(ld, LDAP_OPT_SOCKBUF, &sockbuf) != LDAP_OPT_SUCCESS || !sockbuf) return -1;
    return ber_sockbuf_ctrl(sockbuf, LBER_SB_OPT_SET_MAX_INCOMING, &bytes) == 1 ? 0 : -1;
}

// Whether decrypted bytes wait above the socket, where epoll sees nothing of them.
static inline int cldap_has_buffered(LDAP *ld) {
    Sockbuf *sockbuf = NULL;
    if (ldap_get_option(ld, LDAP_OPT_SOCKBUF, &sockbuf) != LDAP_OPT_SUCCESS || !sockbuf) return 0;
    return ber_sockbuf_ctrl(sockbuf, LBER_SB_OPT_DATA_READY, NULL) > 0;
}

// ldap_result(3) without waiting: any message, one at a time.
static inline int cldap_poll(LDAP *ld, LDAPMessage **message) {
    struct timeval none = {0, 0};
    return ldap_result(ld, LDAP_RES_ANY, LDAP_MSG_ONE, &none, message);
}
#endif
