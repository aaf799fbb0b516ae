/// Octets that prove an identity; lent, never kept. The program's password type conforms.
public protocol LDAPCredential: Sendable {
    /// Lends the octets for the length of the call.
    func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result
}
