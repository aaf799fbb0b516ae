public import Authentication
public import LDAPClient

// The only room that sees both: a typed password is what a bind sends.
extension Password: LDAPCredential {}
