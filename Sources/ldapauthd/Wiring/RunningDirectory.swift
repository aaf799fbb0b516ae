import DirectoryAuth
import Glibc

/// A directory with what it was made from, so that a reload can tell whether it may go on as it is.
struct RunningDirectory: Sendable {
    /// All that a directory depends on: its settings, and the state of the files they name.
    struct Origin: Sendable, Equatable {
        private let settings: Configuration.Directory
        private let files: [FileState]

        /// Looks at the files now.
        init(_ settings: Configuration.Directory) {
            var settings = settings
            // Nothing that a directory itself looks at.
            settings.listed = true
            self.settings = settings
            let paths = [settings.caFile, settings.clientCertificateFile, settings.clientKeyFile]
            let secrets = settings.bindIdentities.map(\.password.path)
            files = (paths + secrets).map { FileState($0) }
        }
    }

    let origin: Origin
    let directory: DirectoryAuth.Directory
}

/// Which file a path leads to.
struct FileIdentity: Equatable {
    private let device: UInt64
    private let inode: UInt64

    /// nil when there is none.
    init?(_ path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }
}

/// What tells one state of a file from another without reading it (stat(2)).
private struct FileState: Sendable, Equatable {
    private let path: String?
    private var numbers: [Int64] = []

    init(_ path: String?) {
        self.path = path
        var status = stat()
        guard let path, unsafe stat(path, &status) == 0 else { return }
        numbers = [
            Int64(bitPattern: UInt64(status.st_dev)), Int64(bitPattern: UInt64(status.st_ino)), Int64(status.st_size),
            Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec), Int64(status.st_ctim.tv_sec),
            Int64(status.st_ctim.tv_nsec),
        ]
    }
}
