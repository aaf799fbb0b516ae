import Authentication
import Glibc

/// Which file a path leads to (stat(2)); another one has another identity.
struct FileIdentity: Sendable, Hashable {
    let device: UInt64
    let inode: UInt64
}

/// The database file before SQLite sees it: it exists, is ours alone (0600), and is a database or empty.
enum SQLiteFile {
    /// The first bytes of every SQLite file (sqlite.org/fileformat2.html §1.3).
    private static let magic = Array("SQLite format 3\0".utf8)

    /// Creates the file when absent, and puts it and its companions to mode 0600.
    ///
    /// SQLite gives `-wal` and `-shm` the mode of the database file, so that no umask is needed.
    static func prepare(_ path: String) throws(StoreError) {
        let folder = folder(of: path)
        guard let folderStatus = status(folder) else {
            throw StoreError(.unusable, "the folder \(folder) of the database does not exist: make it (mkdir -p)")
        }
        guard folderStatus.st_mode & S_IFMT == S_IFDIR else {
            throw StoreError(.unusable, "\(folder) is no folder: name another path in storage.url")
        }
        // The companions come and go, so the folder must be writable, not only the file.
        guard access(folder, W_OK | X_OK) == 0 else {
            throw StoreError(
                .unusable,
                "the folder \(folder) of the database cannot be written (\(reason())): give it to the daemon's user"
            )
        }
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o600)
        guard file >= 0 else {
            throw StoreError(
                .unusable,
                "the database \(path) cannot be opened (\(reason())): it must be a file that the daemon's user may "
                    + "read and write"
            )
        }
        defer { close(file) }
        try check(file, path)
        // A file of another owner keeps its mode; only its owner may change that.
        fchmod(file, 0o600)
        for companion in ["\(path)-wal", "\(path)-shm"] where status(companion) != nil {
            chmod(companion, 0o600)
        }
    }

    /// Makes an empty file with mode 0600 for a copy that will be called `target`; neither may exist yet.
    static func create(_ path: String, for target: String) throws(StoreError) {
        let isTaken = status(target) != nil
        let file = isTaken ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw StoreError(
                isTaken ? .conflict : .unavailable,
                "the file \(target) cannot be made (\(isTaken ? "it exists" : reason())): name one that does not exist, in a "
                    + "writable folder"
            )
        }
        close(file)
    }

    /// Puts a finished file on the disk for good (fsync(2)) and gives it its name, which nobody may have taken meanwhile.
    static func publish(_ path: String, as target: String) throws(StoreError) {
        try sync(path)
        // A second name fails where rename(2) would replace; not every file system has second names.
        if link(path, target) == 0 {
            unlink(path)
        } else if errno == EEXIST || rename(path, target) != 0 {
            throw StoreError(
                errno == EEXIST ? .conflict : .unavailable,
                "the copy cannot be called \(target) (\(reason())): name a file that does not exist"
            )
        }
        try sync(folder(of: target))
    }

    private static func sync(_ name: String) throws(StoreError) {
        let file = open(name, O_RDONLY | O_CLOEXEC)
        defer { if file >= 0 { close(file) } }
        guard file >= 0, fsync(file) == 0 else {
            throw StoreError(.unavailable, "\(name) cannot be written to the disk (\(reason()))")
        }
    }

    /// Which file `path` leads to now; nil when there is none.
    static func identity(_ path: String) -> FileIdentity? {
        status(path).map { FileIdentity(device: UInt64($0.st_dev), inode: UInt64($0.st_ino)) }
    }

    /// Removes what is left of a copy that failed.
    static func remove(_ path: String) {
        unlink(path)
    }

    private static func check(_ file: Int32, _ path: String) throws(StoreError) {
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw StoreError(.unusable, "\(path) is no regular file: name another path in storage.url")
        }
        guard status.st_size > 0 else { return }
        var head = [UInt8](repeating: 0, count: magic.count)
        guard pread(file, &head, head.count, 0) == head.count, head == magic else {
            throw StoreError(
                .unusable,
                "the file \(path) is no SQLite database: name another in storage.url, or restore a backup"
            )
        }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func status(_ path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    private static func reason() -> String {
        String(cString: strerror(errno))
    }
}
