import ArgumentParser
import TOMLKit
import TestSupport
import Testing

@testable import ldapauthd

/// ldapauthd(8) and ldapauthd.toml(5) tell what the program knows, all of it and nothing else.
@Suite struct ManualPageTests {
    private static let repository = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/")

    /// The pages as `make deb` makes them, from the built program and the annotated configuration.
    private func pages() async throws -> (commands: String, configuration: String) {
        let folder = try TemporaryDirectory("ldapauthd-pages")
        let outcome = try await ChildProcess.run(
            "\(Self.repository)/packaging/man-pages",
            [
                "--binary", "\(Self.repository)/.build/debug/ldapauthd",
                "--configuration", "\(Self.repository)/etc/ldapauthd.toml", "--output", folder.path,
            ]
        )
        #expect(outcome.succeeded, "\(outcome.errorOutput)")
        return (text(ofFile: folder.path(of: "ldapauthd.8")), text(ofFile: folder.path(of: "ldapauthd.toml.5")))
    }

    /// Every key the configuration reader looks for, `directory[1]` written `directory`.
    private func keysOfTheReader() throws -> Set<String> {
        let problems = ProblemList(file: "test.toml")
        // Tables that are only read when they are there.
        let table = try TOMLTable(string: "[http.tls]\n[[directory]]\n[[client]]\n")
        let root = ConfigurationTable(table, path: "", lines: KeyLines(""), problems: problems)
        _ = Configuration.read(root, file: "/etc/ldapauthd/test.toml")
        let tables: Set = [
            "http", "http.tls", "storage", "tokens", "authentication", "throttle", "local", "kerberos", "log",
            "directory", "directory.attributes", "directory.groups", "client",
        ]
        let keys = problems.keysAskedFor.map { $0.split(separator: "[1]").joined() }
        #expect(tables.isSubset(of: keys))
        return Set(keys).subtracting(tables)
    }

    @Test func theConfigurationsPageHasTheKeysOfTheReader() async throws {
        var section = ""
        var keys: Set<String> = []
        for line in try await pages().configuration.split(separator: "\n") {
            if line.hasPrefix(".Ss [") {
                section = String(line.dropFirst(4).filter { $0 != "[" && $0 != "]" })
            } else if line.hasPrefix(".It Ic ") {
                keys.insert("\(section).\(line.dropFirst(7).prefix { $0 != " " })")
            }
        }
        let known = try keysOfTheReader()
        #expect(known.subtracting(keys) == [], "not in etc/ldapauthd.toml")
        #expect(keys.subtracting(known) == [], "in etc/ldapauthd.toml, but the reader does not know it")
    }

    @Test func theCommandsPageHasEveryExitCode() async throws {
        let page = try await pages().commands
        let told = page.split(separator: "\n").filter { $0.hasPrefix(".It ") }.compactMap { Int32($0.dropFirst(4)) }
        // 0 is nobody's failure, and 64 is ArgumentParser's own.
        let used = [0, 64] + (1...255).filter { CommandFailure.Code(rawValue: $0) != nil }
        #expect(Set(told) == Set(used))
    }

    @Test func theCommandsPageHasEveryCommand() async throws {
        let page = try await pages().commands
        func leaves(_ command: any ParsableCommand.Type, _ path: [String]) -> [String] {
            let children = command.configuration.subcommands
            guard !children.isEmpty else { return [path.joined(separator: " ")] }
            return children.flatMap { leaves($0, path + [$0.configuration.commandName ?? "\($0)"]) }
        }
        let commands = leaves(Ldapauthd.self, [])
        #expect(commands.contains("user add"))
        for command in commands {
            #expect(page.contains("\n.Nm\n.Cm \(command)\n"), "\(command) in the synopsis")
            let heading = command.contains(" ") ? ".It Xo\n.Cm \(command)\n" : ".Ss \(command)\n"
            #expect(page.contains("\n\(heading)"), "\(command)")
        }
    }
}
