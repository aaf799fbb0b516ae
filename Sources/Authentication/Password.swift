internal import CSodium

/// A password as typed: octets that are never escaped or normalised and that zero themselves when the last user lets go.
///
/// A class, because its bytes then exist once however many tasks and closures hold it (docs/decisions/0002).
/// It has no description: neither `print` nor a log line shows more than its type.
@safe public final class Password: Sendable, CustomStringConvertible, CustomReflectable {
    // Written only in init, before anyone else sees the object, and zeroed in deinit, when nobody does any more.
    private nonisolated(unsafe) let storage: UnsafeMutableRawBufferPointer

    /// Copies the octets of `bytes`; the caller clears its own buffer where it can.
    public init(_ bytes: some Collection<UInt8>) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
        unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
        let inOneGo: Void? = bytes.withContiguousStorageIfAvailable { octets in
            unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(octets))
        }
        if inOneGo == nil {
            unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<bytes.count]).copyBytes(from: bytes)
        }
        unsafe storage = buffer
        count = bytes.count
    }

    /// The UTF-8 octets of `text`.
    public convenience init(_ text: String) {
        self.init(Array(text.utf8))
    }

    deinit {
        unsafe sodium_memzero(storage.baseAddress, storage.count)
        unsafe storage.deallocate()
    }

    /// The number of octets.
    public let count: Int

    /// True when nothing was typed; such a password is refused before any bind (RFC 4513 §5.1.2).
    public var isEmpty: Bool { count == 0 }

    /// Lends the octets for the length of the call; they must not be kept.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(UnsafeRawBufferPointer(rebasing: storage[..<count]))
    }

    /// Always the same word.
    public var description: String { "Password(hidden)" }

    /// Shows no children.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
