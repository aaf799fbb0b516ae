import FoundationEssentials
import Testing

/// The files in Golden/: the samples of docs/http-api.md, byte for byte, without a line end.
enum Golden {
    static func octets(_ name: String, file: String = #filePath) throws -> [UInt8] {
        let folder = URL(filePath: file).deletingLastPathComponent().deletingLastPathComponent()
        return Array(try Data(contentsOf: folder.appending(path: "Golden").appending(path: name)))
    }

    static func text(_ name: String) throws -> String {
        String(decoding: try octets(name), as: UTF8.self)
    }
}
