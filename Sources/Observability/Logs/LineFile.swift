internal import Glibc

/// A descriptor to which whole lines are written.
struct LineFile: Sendable {
    let descriptor: CInt

    /// Lines that come together go together, as far as one write(2) to a pipe is not torn apart (PIPE_BUF, pipe(7)).
    private static let pipeBuffer = 4096

    func write(_ entries: [LogEntry]) {
        var batch: [UInt8] = []
        for entry in entries {
            if !batch.isEmpty, batch.count + entry.bytes.count > Self.pipeBuffer {
                put(batch)
                batch.removeAll(keepingCapacity: true)
            }
            batch += entry.bytes
        }
        if !batch.isEmpty { put(batch) }
    }

    private func put(_ bytes: [UInt8]) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if count > 0 {
                written += count
            } else if errno == EAGAIN {
                // Somebody who shares the terminal has made it non-blocking.
                var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                unsafe poll(&poller, 1, 1000)
            } else if errno != EINTR {
                return
            }
        }
    }
}
