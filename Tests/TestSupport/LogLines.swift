import Glibc

/// How many lines of a file contain these texts, one behind the other. Logs grow long while tests count in them, so the
/// looking is left to strstr(3).
func countLines(ofFile path: String, containing first: String, _ others: String...) -> Int {
    var log = bytes(ofFile: path).map { CChar(bitPattern: $0 == 0 ? 0x20 : $0) } + [0]
    return log.withUnsafeMutableBufferPointer { log in
        guard var rest = log.baseAddress else { return 0 }
        var count = 0
        while let found = strstr(rest, first) {
            let end = strchr(found, Int32(UInt8(ascii: "\n")))
            // The line ends here, for what is looked for next.
            end?.pointee = 0
            if others.allSatisfy({ strstr(found, $0) != nil }) { count += 1 }
            guard let end else { break }
            rest = end + 1
        }
        return count
    }
}
