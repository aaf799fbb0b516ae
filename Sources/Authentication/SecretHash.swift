/// Hashes and verifies secrets.
///
/// What the rules need of it, so that Tokens can verify the secrets of clients and a test can count hashes.
public protocol SecretHash: Sendable {
    /// True when `password` is the one `phc` was made of; false when it is not, or when `phc` is no hash of ours.
    func verify(_ password: Password, against phc: String) async throws(WorkPoolFull) -> Bool

    /// A PHC string for `password` with a fresh salt.
    func hash(_ password: Password) async throws(WorkPoolFull) -> String
}
