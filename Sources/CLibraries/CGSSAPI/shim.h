// What Swift cannot import of MIT Kerberos: constants that are casts or shifts, object identifiers that are variables, and
// the arrays of pointers of gss_acquire_cred_from(3).
#ifndef LDAPAUTHD_CGSSAPI_SHIM_H
#define LDAPAUTHD_CGSSAPI_SHIM_H

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5/krb5.h>
#include <string.h>

static const OM_uint32 cgssapi_continue_needed = GSS_S_CONTINUE_NEEDED;
static const OM_uint32 cgssapi_failure = GSS_S_FAILURE;
static const OM_uint32 cgssapi_bad_bindings = GSS_S_BAD_BINDINGS;
static const OM_uint32 cgssapi_bad_mech = GSS_S_BAD_MECH;
static const OM_uint32 cgssapi_defective_token = GSS_S_DEFECTIVE_TOKEN;
static const OM_uint32 cgssapi_duplicate_token = GSS_S_DUPLICATE_TOKEN;
static const OM_uint32 cgssapi_credentials_expired = GSS_S_CREDENTIALS_EXPIRED;
// The routine error alone, without the supplementary bits and the calling error (RFC 2744 §3.9.1).
static inline OM_uint32 cgssapi_routine_error(OM_uint32 major) { return GSS_ROUTINE_ERROR(major); }
static inline int cgssapi_is_error(OM_uint32 major) { return GSS_ERROR(major) != 0; }

// RFC 1964 §1 and RFC 4178 §2.
static gss_OID_desc cgssapi_mechanisms[2] = {
    {9, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"},
    {6, (void *)"\x2b\x06\x01\x05\x05\x02"},
};

static inline gss_OID cgssapi_kerberos(void) { return &cgssapi_mechanisms[0]; }

// Credentials to accept contexts for any host name of `service` in `keytab`, over SPNEGO or without; nothing but Kerberos
// is negotiated. Both texts name a type: "FILE:/path", "file2:/path".
static inline OM_uint32 cgssapi_acquire(const char *service, const char *keytab, const char *rcache,
                                        gss_cred_id_t *credential, OM_uint32 *minor) {
    gss_buffer_desc text = {strlen(service), (void *)service};
    gss_name_t name = GSS_C_NO_NAME;
    OM_uint32 ignored;
    OM_uint32 major = gss_import_name(minor, &text, GSS_C_NT_HOSTBASED_SERVICE, &name);
    if (GSS_ERROR(major)) return major;
    gss_key_value_element_desc elements[2] = {{"keytab", keytab}, {"rcache", rcache}};
    gss_key_value_set_desc store = {2, elements};
    gss_OID_set_desc mechanisms = {2, cgssapi_mechanisms};
    major = gss_acquire_cred_from(minor, name, GSS_C_INDEFINITE, &mechanisms, GSS_C_ACCEPT, &store, credential, NULL, NULL);
    gss_release_name(&ignored, &name);
    if (GSS_ERROR(major)) return major;
    gss_OID_set_desc negotiable = {1, cgssapi_mechanisms};
    major = gss_set_neg_mechs(minor, *credential, &negotiable);
    if (GSS_ERROR(major)) gss_release_cred(&ignored, credential);
    return major;
}
#endif
