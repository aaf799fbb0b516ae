// What Swift cannot import of libpq: diagnostic field names are character macros, and a notice needs a C function.
#ifndef LDAPAUTHD_CPOSTGRES_SHIM_H
#define LDAPAUTHD_CPOSTGRES_SHIM_H

#include <libpq-fe.h>

static inline const char *cpostgres_sqlstate(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

static inline const char *cpostgres_message(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
}

static inline const char *cpostgres_constraint(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
}

static void cpostgres_ignore(void *context, const PGresult *result) {
    (void)context;
    (void)result;
}

// libpq would print notices to standard error (PQsetNoticeReceiver).
static inline void cpostgres_ignore_notices(PGconn *connection) {
    PQsetNoticeReceiver(connection, cpostgres_ignore, NULL);
}
#endif
