internal import Glibc

/// What tells one state of a file from another without reading it, as stat(2) sees it.
struct FileStamp: Sendable, Hashable {
    /// Whether this process may read the file.
    enum Access: Sendable, Hashable {
        case readable, missing, forbidden
    }

    let access: Access
    /// Which file it is; kept because a socket file is removed only by the server that made it.
    let device: UInt64
    let inode: UInt64
    /// True for a socket.
    let isSocket: Bool
    private let size: Int64
    private let modifiedSeconds: Int64
    private let modifiedNanoseconds: Int64

    /// Looks at the file now, following symbolic links.
    init(path: String) {
        var info = stat()
        let found = unsafe stat(path, &info) == 0
        access = !found ? .missing : unsafe Glibc.access(path, R_OK) == 0 ? .readable : .forbidden
        device = found ? UInt64(info.st_dev) : 0
        inode = found ? UInt64(info.st_ino) : 0
        isSocket = found && info.st_mode & S_IFMT == S_IFSOCK
        size = found ? Int64(info.st_size) : 0
        modifiedSeconds = found ? Int64(info.st_mtim.tv_sec) : 0
        modifiedNanoseconds = found ? Int64(info.st_mtim.tv_nsec) : 0
    }
}
