import Foundation
import Testing

@testable import Tokens

@Suite struct MasterKeyTests {
    /// A folder for one test, removed when the test lets go of it.
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path

        init() throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func file(_ content: [UInt8], mode: Int = 0o600) throws -> String {
            let file = path + "/master.key"
            try Data(content).write(to: URL(fileURLWithPath: file))
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
            return file
        }
    }

    @Test("Made when absent, mode 0600, and the same the next time")
    func created() throws {
        let folder = try Folder()
        let path = folder.path + "/master.key"
        let first = try MasterKey.load(path: path)
        let second = try MasterKey.load(path: path)
        #expect(first.checkValue == second.checkValue)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["master.key"])
    }

    @Test("Processes that start at once end with one key")
    func race() async throws {
        let folder = try Folder()
        let path = folder.path + "/master.key"
        let checks = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<16 { group.addTask { try MasterKey.load(path: path).checkValue } }
            return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
        }
        #expect(checks.count == 1)
    }

    @Test("Raw octets and base64 of them, with or without a line end", arguments: ["", "\n", "\r\n"])
    func spellings(end: String) throws {
        let octets = (0..<32).map { UInt8(truncatingIfNeeded: $0 &* 9 &+ 200) }
        let expected = try #require(MasterKey(octets)).checkValue
        let folder = try Folder()
        let base64 = Array(Data(octets).base64EncodedString().utf8)
        #expect(try MasterKey.load(path: folder.file(base64 + Array(end.utf8))).checkValue == expected)
        #expect(try MasterKey.load(path: folder.file(octets + Array(end.utf8))).checkValue == expected)
    }

    @Test("Modes that let others in are refused", arguments: [0o604, 0o644, 0o660, 0o606, 0o620, 0o777])
    func wideModes(mode: Int) throws {
        let folder = try Folder()
        let path = try folder.file(Array(repeating: 7, count: 32), mode: mode)
        #expect {
            try MasterKey.load(path: path)
        } throws: { error in
            "\(error)".contains("has mode 0\(String(mode, radix: 8))") && "\(error)".contains(path)
        }
    }

    @Test("Its group may read it, as systemd credentials are", arguments: [0o400, 0o440, 0o600, 0o640])
    func narrowModes(mode: Int) throws {
        let folder = try Folder()
        _ = try MasterKey.load(path: folder.file(Array(repeating: 7, count: 32), mode: mode))
    }

    @Test("Wrong sizes are refused and nothing is overwritten", arguments: [0, 1, 31, 34, 43, 64, 4096])
    func wrongSizes(count: Int) throws {
        let folder = try Folder()
        let content = [UInt8](repeating: UInt8(ascii: "A"), count: count)
        let path = try folder.file(content)
        #expect {
            try MasterKey.load(path: path)
        } throws: { error in
            "\(error)".contains("wrong size")
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(content))
    }

    @Test("A folder in its place, and a folder that is not there")
    func impossiblePaths() throws {
        let folder = try Folder()
        #expect(throws: KeyError(.masterKey, "")) { try MasterKey.load(path: folder.path) }
        #expect(throws: KeyError(.masterKey, "")) { try MasterKey.load(path: folder.path + "/no/master.key") }
    }

    @Test("A wrapped key opens only under its own id and use")
    func binding() throws {
        let key = MasterKey.random()
        let wrapped = try key.wrap([1, 2, 3], id: "a", use: .sign)
        #expect(try key.unwrap(wrapped, id: "a", use: .sign) == [1, 2, 3])
        #expect(throws: KeyError(.unreadable, "")) { try key.unwrap(wrapped, id: "b", use: .sign) }
        #expect(throws: KeyError(.unreadable, "")) { try key.unwrap(wrapped, id: "a", use: .refresh) }
        #expect(throws: KeyError(.unreadable, "")) { try MasterKey.random().unwrap(wrapped, id: "a", use: .sign) }
        #expect(throws: KeyError(.unreadable, "")) { try key.unwrap([], id: "a", use: .sign) }
    }
}
