/// One thing wrong with the configuration, said so that the administrator can mend it.
struct ConfigurationProblem: Sendable, Hashable, CustomStringConvertible {
    /// The file it was found in.
    var file: String
    /// The line, if the key stands in the file.
    var line: Int?
    /// The key's full path, for example `directory[2].urls`; empty for the file as a whole.
    var key: String
    /// What is wrong and what to write instead.
    var message: String

    var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        return key.isEmpty ? "\(place): \(message)" : "\(place): \(key): \(message)"
    }
}

/// Everything wrong with the configuration at once, so that it is mended in one go.
struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    var problems: [ConfigurationProblem]

    var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Collects problems while the file is read.
final class ProblemList {
    let file: String
    private(set) var problems: [ConfigurationProblem] = []
    /// Every key that was looked for, in the file or not: what there is to be configured.
    var keysAskedFor: Set<String> = []

    init(file: String) {
        self.file = file
    }

    func add(_ message: String, key: String = "", line: Int? = nil) {
        problems.append(ConfigurationProblem(file: file, line: line, key: key, message: message))
    }
}
