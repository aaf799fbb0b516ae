import Authentication
import Glibc

/// Gets a password from a file, from standard input, or from a person who does not see it typed.
enum PasswordPrompt {
    /// True when a person sits at standard input.
    static var standardInputIsTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    /// Reads a password.
    ///
    /// - Parameters:
    ///   - source: a file's path, `-` for standard input, nil to ask on the terminal.
    ///   - twice: ask a second time and compare, for a password that is set.
    static func read(from source: String?, prompt: String, twice: Bool = false) throws(CommandFailure) -> Password {
        switch source {
        case "-": return try octets(of: STDIN_FILENO, name: "standard input")
        case let path?:
            let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw CommandFailure(.badInput, "\(path) cannot be read: \(Errno.sentence(errno))")
            }
            defer { close(descriptor) }
            return try octets(of: descriptor, name: path)
        case nil:
            guard standardInputIsTerminal else {
                throw CommandFailure(
                    .badInput,
                    "there is no terminal to ask on: give --password-file FILE, or - for standard input"
                )
            }
            let first = try ask("\(prompt): ")
            if twice, try !equal(first, ask("\(prompt) (again): ")) {
                throw CommandFailure(.badInput, "the two are not the same; nothing was changed")
            }
            return first
        }
    }

    private static func equal(_ left: Password, _ right: Password) -> Bool {
        unsafe left.withUnsafeBytes { first in
            unsafe right.withUnsafeBytes { second in unsafe first.elementsEqual(second) }
        }
    }

    /// Asks with the terminal's echo off (termios(3)). Signals of the keyboard are off too, because a default SIGINT would
    /// end the program with the echo still off; Ctrl-C and Ctrl-D arrive as octets and are obeyed here.
    private static func ask(_ prompt: String) throws(CommandFailure) -> Password {
        var before = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &before) == 0 else {
            throw CommandFailure(.badInput, "the terminal does not answer: \(Errno.sentence(errno))")
        }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO | ISIG)
        unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            Terminal.complain("")
        }
        var text = Array(prompt.utf8)
        unsafe write(STDERR_FILENO, &text, text.count)
        return try octets(of: STDIN_FILENO, name: "the terminal", untilLineEnd: true)
    }

    private static func octets(
        of descriptor: Int32,
        name: String,
        untilLineEnd: Bool = false
    ) throws(CommandFailure) -> Password {
        var octets: [UInt8] = []
        defer { for index in octets.indices { octets[index] = 0 } }
        octets.reserveCapacity(8192)
        var octet: UInt8 = 0
        while true {
            let count = unsafe Glibc.read(descriptor, &octet, 1)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw CommandFailure(.badInput, "\(name) cannot be read: \(Errno.sentence(errno))")
            }
            if count == 0 || (untilLineEnd && octet == 0x0A) { break }
            if untilLineEnd, octet == 0x03 { throw CommandFailure(.interrupted, "interrupted; nothing was changed") }
            octets.append(octet)
            guard octets.count <= 4096 else {
                throw CommandFailure(.badInput, "the password on \(name) is longer than 4 KiB")
            }
        }
        SecretFile.stripLineEnd(&octets)
        guard !octets.isEmpty else { throw CommandFailure(.badInput, "the password on \(name) is empty") }
        return Password(octets)
    }
}
