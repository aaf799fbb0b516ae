import FoundationEssentials
import Observability

/// What a command asks of the running daemon: one line of JSON.
struct ControlRequest: Codable, Sendable {
    enum Command: String, Codable, Sendable {
        case reload
    }

    var command: Command
    /// The configuration file the one who asks means, when it was named; absolute.
    var configuration: String?
}

/// What the daemon answers: one line of JSON.
struct ControlAnswer: Codable, Sendable {
    /// The exit code for the command; 0 when it was done.
    var code: Int32
    /// For people; may have several lines.
    var message: String
}

/// The form of both.
enum ControlLine {
    /// A request or an answer is at most so long.
    static let limit = 64 * 1024

    static func encode(_ message: some Encodable) throws -> [UInt8] {
        Array(try JSONEncoder().encode(message)) + [0x0A]
    }

    static func decode<Message: Decodable>(_ octets: some Collection<UInt8>) throws -> Message {
        try JSONDecoder().decode(Message.self, from: Data(octets))
    }
}

/// Where the daemon listens for its own commands.
enum ControlSocket {
    /// In the folder systemd made for the service (`RuntimeDirectory=`); nil when the daemon was started without one.
    static func path(runtimeDirectory: String?) -> String? {
        // systemd.exec(5): several folders are separated by colons.
        runtimeDirectory?.split(separator: ":").first.map { "\($0)/control.sock" }
    }

    /// Where a command looks when nobody told it.
    static let standard = "/run/ldapauthd/control.sock"
}

extension ServiceEnvironment {
    /// Where this daemon listens for commands.
    var controlSocket: String? { ControlSocket.path(runtimeDirectory: runtimeDirectory) }
}
