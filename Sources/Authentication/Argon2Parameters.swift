/// What one Argon2id hash costs (RFC 9106 §3.1, with one lane).
public struct Argon2Parameters: Sendable, Hashable {
    /// Memory in bytes, a multiple of 1 KiB.
    public let memory: Int

    /// Passes over the memory.
    public let iterations: Int

    /// 8 KiB, what libsodium needs, to 1 GiB, beyond which a few logins at once would exhaust a server.
    public static let memoryRange = 8 * 1024...1024 * 1024 * 1024

    /// At most a hundred passes, so that a wrong figure does not stop every login.
    public static let iterationsRange = 1...100

    /// Parameters, memory rounded down to whole KiB; throws with a sentence when one is out of range.
    public init(memory: Int, iterations: Int) throws(ArgonParameterError) {
        guard Self.memoryRange.contains(memory) else {
            throw ArgonParameterError(
                .memoryOutOfRange,
                "The Argon2 memory must lie between 8KiB and 1GiB; 19MiB is a good value."
            )
        }
        guard Self.iterationsRange.contains(iterations) else {
            throw ArgonParameterError(
                .iterationsOutOfRange,
                "The Argon2 iterations must lie between 1 and 100; 2 is a good value."
            )
        }
        self.memory = memory / 1024 * 1024
        self.iterations = iterations
    }
}
