/// A listening socket that systemd made and handed over (systemd.socket(5)).
public struct InheritedSocket: Sendable, Hashable {
    /// Open and close-on-exec; whoever takes it closes it.
    public let descriptor: CInt

    /// `FileDescriptorName=`, by default the socket unit's name; `unknown` when systemd gave none.
    public let name: String
}
