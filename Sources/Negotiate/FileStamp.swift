internal import Glibc

/// What tells one state of a file from another without reading it, as stat(2) sees it.
struct FileStamp: Sendable, Hashable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int64
    private let seconds: Int
    private let nanoseconds: Int

    /// Looks at the file now, following symbolic links; a missing one has a stamp too.
    init(path: String) {
        var info = stat()
        if unsafe stat(path, &info) != 0 { info = stat() }
        device = UInt64(info.st_dev)
        inode = UInt64(info.st_ino)
        size = Int64(info.st_size)
        seconds = info.st_mtim.tv_sec
        nanoseconds = info.st_mtim.tv_nsec
    }
}
