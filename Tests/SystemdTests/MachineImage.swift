import TestSupport

// The daemon as its administrator has it: the Debian package of this tree, installed on a bare Debian without a Swift
// toolchain, under systemd as process 1. `MachineImage` makes the package and the roots, `Machine` boots one, the suites
// look at what systemd, the journal and curl say.

/// The package under test and the roots that machines are started from; made once per process.
struct MachineImage: Sendable {
    /// The package: LDAPAUTHD_DEB, or one of the debug build.
    let package: String
    /// The program it was made of; nil when the package was given.
    let binary: String?
    /// A Debian that has never seen the package; what it depends on is downloaded.
    let bare: String
    /// The same with the package installed.
    let installed: String

    /// The top of the repository.
    static let repository = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(
        separator: "/"
    )

    private static let making = Task { try await make() }

    /// The image, waited for.
    static var shared: MachineImage {
        get async throws { try await making.value }
    }

    /// In `.build/machine`, which the next run overwrites: a hundred megabytes each would not be good guests in /tmp.
    private static func make() async throws -> MachineImage {
        let home = try await tool("\(repository)/scripts/machine", ["home"]).filter { $0 != "\n" }
        let (package, binary) = try await package(in: home)
        let image = MachineImage(
            package: package,
            binary: binary,
            bare: "\(home)/bare",
            installed: "\(home)/installed"
        )
        try await tool("\(repository)/scripts/machine", ["prepare", image.bare, package])
        try await tool("\(repository)/scripts/machine", ["install", image.installed, package])
        return image
    }

    private static func package(in home: String) async throws -> (package: String, binary: String?) {
        let given = try await ChildProcess.run("sh", ["-c", "printf %s \"$LDAPAUTHD_DEB\""]).output
        if !given.isEmpty { return (given, nil) }
        try await tool("mkdir", ["-p", home])
        try await tool("\(repository)/scripts/link-static", ["\(home)/ldapauthd"])
        return (try await build(binary: "\(home)/ldapauthd", output: home), "\(home)/ldapauthd")
    }

    /// Makes a package, hardly compressed, and returns its path.
    static func build(binary: String, output: String) async throws -> String {
        let line = try await tool(
            "\(repository)/packaging/build-deb",
            ["--binary", binary, "--output", output],
            environment: ["DEB_COMPRESSION": "-Zgzip -z1"]
        )
        return line.split(separator: "\n").last.map(String.init) ?? ""
    }

    /// Runs a program that has to succeed; returns what it printed.
    @discardableResult
    static func tool(_ program: String, _ arguments: [String], environment: [String: String] = [:]) async throws
        -> String
    {
        let outcome = try await ChildProcess.run(
            program,
            arguments,
            environment: environment,
            within: .seconds(900)
        )
        guard outcome.succeeded else {
            throw TestSupportError(
                "\(program) \(arguments.joined(separator: " ")): \(outcome.exit)\n\(outcome.output.suffix(2_000))"
                    + outcome.errorOutput.suffix(4_000)
            )
        }
        return outcome.output
    }
}
