import Glibc

/// Commands run by root become the owner of the store before they open it, so that no file of the daemon ends up root's.
enum StoreOwner {
    /// Takes the uid and groups of whoever owns the database, or the folder it will lie in.
    ///
    /// Does nothing for another user than root, and for a store that root owns.
    static func assume(of path: String) throws(CommandFailure) {
        guard geteuid() == 0 else { return }
        var status = stat()
        if unsafe stat(path, &status) != 0 {
            let folder = path.lastIndex(of: "/").map { path[..<$0].isEmpty ? "/" : String(path[..<$0]) } ?? "."
            guard unsafe stat(folder, &status) == 0 else { return }
        }
        guard status.st_uid != 0, let owner = unsafe getpwuid(status.st_uid) else { return }
        // Groups first: without root's uid they can no longer be changed (initgroups(3)).
        let group = unsafe owner.pointee.pw_gid
        guard unsafe initgroups(owner.pointee.pw_name, group) == 0, setgid(group) == 0, setuid(status.st_uid) == 0
        else {
            throw CommandFailure(.notPermitted, "cannot become the owner of \(path): \(Errno.sentence(errno))")
        }
    }
}
