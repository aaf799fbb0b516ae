import Glibc

/// Commands run by root become the owner of the store before they open it, so that no file of the daemon ends up root's.
enum StoreOwner {
    /// Takes the uid and groups of whoever owns the database, or the folder it will lie in.
    ///
    /// Does nothing for another user than root, and for a store that root owns.
    /// - Parameter temporarily: changes the effective ids only (seteuid(2)), for a command that has a file of root's to
    ///   write afterwards.
    static func assume(of path: String, temporarily: Bool = false) throws(CommandFailure) {
        guard geteuid() == 0 else { return }
        var status = stat()
        if unsafe stat(path, &status) != 0 {
            guard unsafe stat(ConfigurationPath.folder(of: path), &status) == 0 else { return }
        }
        guard status.st_uid != 0, let owner = unsafe getpwuid(status.st_uid) else { return }
        // Groups first: without root's uid they can no longer be changed (initgroups(3)).
        let group = unsafe owner.pointee.pw_gid
        guard unsafe initgroups(owner.pointee.pw_name, group) == 0,
            (temporarily ? setegid(group) : setgid(group)) == 0,
            (temporarily ? seteuid(status.st_uid) : setuid(status.st_uid)) == 0
        else {
            throw CommandFailure(.notPermitted, "cannot become the owner of \(path): \(Errno.sentence(errno))")
        }
    }

    /// Becomes root again after `assume(of:temporarily:)`; nothing for who never was.
    static func resume() throws(CommandFailure) {
        guard geteuid() != 0, getuid() == 0 else { return }
        guard seteuid(0) == 0, setegid(0) == 0 else {
            throw CommandFailure(.notPermitted, "cannot become root again: \(Errno.sentence(errno))")
        }
    }
}
