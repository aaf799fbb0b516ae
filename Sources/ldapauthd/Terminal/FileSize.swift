import Glibc

enum FileSize {
    /// nil when there is no such file.
    static func octets(of path: String) -> Int? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? Int(status.st_size) : nil
    }
}
