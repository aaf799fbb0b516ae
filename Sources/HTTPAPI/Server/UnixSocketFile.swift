internal import Glibc
internal import NIOCore
internal import NIOPosix

/// The file of a Unix socket: a stale one is removed before it is bound, our own when we are done.
struct UnixSocketFile: Sendable {
    private let path: String
    private let stamp: FileStamp

    /// Removes what an earlier process left at `path`, if nobody answers there.
    ///
    /// - Throws: ``HTTPServerError`` with the code `cannotListen` when somebody answers, or when it is no socket.
    static func prepare(_ path: String, group: any EventLoopGroup) async throws(HTTPServerError) {
        let stamp = FileStamp(path: path)
        guard stamp.access != .missing else { return }
        guard stamp.isSocket else {
            throw HTTPServerError(.cannotListen, "cannot listen on unix:\(path): there is a file that is no socket")
        }
        do {
            let bootstrap = ClientBootstrap(group: group).connectTimeout(.seconds(2))
            let channel = try await bootstrap.connect(unixDomainSocketPath: path).get()
            channel.close(promise: nil)
        } catch {
            // unix(7): ECONNREFUSED says that no process listens there any more.
            if let error = error as? IOError, error.errnoCode == ECONNREFUSED {
                _ = unsafe unlink(path)
                return
            }
            throw HTTPServerError(
                .cannotListen,
                "cannot listen on unix:\(path): another process holds it",
                cause: error
            )
        }
        throw HTTPServerError(.cannotListen, "cannot listen on unix:\(path): another process answers there")
    }

    /// Takes over the file just bound: owner and group may connect, nobody else.
    ///
    /// - Throws: ``HTTPServerError`` with the code `cannotListen`.
    init(bound path: String) throws(HTTPServerError) {
        guard unsafe chmod(path, 0o660) == 0 else {
            throw HTTPServerError(.cannotListen, "cannot set the mode of unix:\(path)")
        }
        self.path = path
        stamp = FileStamp(path: path)
    }

    /// Removes the file, unless another process has put its own there.
    func remove() {
        let now = FileStamp(path: path)
        guard now.inode == stamp.inode, now.device == stamp.device else { return }
        _ = unsafe unlink(path)
    }
}
